// Uploads a file with net/http. Run as: go run upload.go URL FILE TOKEN; prints how many lines the answer has.
package main

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
)

func main() {
	file, err := os.Open(os.Args[2])
	if err != nil {
		panic(err)
	}
	request, err := http.NewRequest("POST", os.Args[1], file)
	if err != nil {
		panic(err)
	}
	request.Header.Set("Content-Type", "application/x-ndjson")
	request.Header.Set("Authorization", "Bearer "+os.Args[3])
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		panic(err)
	}
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	count := 0
	for lines.Scan() {
		count++
	}
	fmt.Println(count)
}
