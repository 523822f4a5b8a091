// Others' implementation of notes and witnesses, for the tests of ours: transparency-dev's witness, x/mod's notes.
//
//	serve  LOG-VKEY SIGNER-KEY          a whole witness of theirs; prints its address, runs until standard input ends
//	verify VKEY...                      opens the note on standard input, which every key must have signed
//	keys   NAME                         prints a signer key and its verifier key for cosignatures
//	ask    URL OLD-SIZE PROOF-LINES     their client asks a witness to cosign the note on standard input
package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"

	fnote "github.com/transparency-dev/formats/note"
	client "github.com/transparency-dev/witness/client/http"
	"github.com/transparency-dev/witness/persistence/inmemory"
	"github.com/transparency-dev/witness/witness"
	"golang.org/x/mod/sumdb/note"
)

func main() {
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(command string, args []string) error {
	switch command {
	case "serve":
		return serve(args[0], args[1])
	case "verify":
		return verify(args)
	case "keys":
		skey, vkey, err := note.GenerateKey(rand.Reader, args[0])
		if err != nil {
			return err
		}
		cosigner, err := fnote.NewSignerForCosignatureV1(skey)
		if err != nil {
			return err
		}
		vkey, err = fnote.VKeyToCosignatureV1(vkey)
		fmt.Printf("%s\n%s\n%s\n", skey, vkey, cosigner.Name())
		return err
	case "ask":
		return ask(args[0], args[1], args[2])
	}
	return fmt.Errorf("unknown command %s", command)
}

func serve(logKey, signerKey string) error {
	log, err := note.NewVerifier(logKey)
	if err != nil {
		return err
	}
	signer, err := fnote.NewSignerForCosignatureV1(signerKey)
	if err != nil {
		return err
	}
	ours, err := witness.New(context.Background(), witness.Opts{
		Persistence: inmemory.New(),
		Signers:     []note.Signer{signer},
		VerifierForLog: func(_ context.Context, origin string) (note.Verifier, bool, error) {
			return log, origin == log.Name(), nil
		},
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	http.HandleFunc("POST /add-checkpoint", witness.NewHTTPHandler(ours).AddCheckpoint)
	go http.Serve(listener, nil)
	fmt.Printf("http://%s\n", listener.Addr())
	_, err = io.ReadAll(os.Stdin)
	return err
}

func verify(keys []string) error {
	content, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	for _, key := range keys {
		verifier, err := note.NewVerifier(key)
		if err != nil {
			verifier, err = fnote.NewVerifierForCosignatureV1(key)
		}
		if err != nil {
			return err
		}
		if _, err := note.Open(content, note.VerifierList(verifier)); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}

func ask(at, oldSize, lines string) error {
	size, err := strconv.ParseUint(oldSize, 10, 64)
	if err != nil {
		return err
	}
	var proof [][]byte
	for _, line := range strings.Fields(lines) {
		hash, err := base64.StdEncoding.DecodeString(line)
		if err != nil {
			return err
		}
		proof = append(proof, hash)
	}
	content, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	prefix, err := url.Parse(at)
	if err != nil {
		return err
	}
	signatures, actual, err := client.NewWitness(prefix, http.DefaultClient).Update(context.Background(), size, content, proof)
	fmt.Printf("%d\n%s", actual, signatures)
	return err
}
