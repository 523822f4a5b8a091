// Uploads a file with java.net.http.HttpClient, which writes the whole request before it hands over the answer.
// Run as: java Upload.java URL FILE TOKEN; prints how many lines the answer has.
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;

public class Upload {
    public static void main(String[] arguments) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        HttpRequest request = HttpRequest.newBuilder(URI.create(arguments[0]))
            .header("Content-Type", "application/x-ndjson")
            .header("Authorization", "Bearer " + arguments[2])
            .POST(HttpRequest.BodyPublishers.ofFile(Path.of(arguments[1])))
            .build();
        HttpResponse<java.util.stream.Stream<String>> answer =
            client.send(request, HttpResponse.BodyHandlers.ofLines());
        System.out.println(answer.body().count());
    }
}
