package org.tongguan.client;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Talks to the gateways of a consortium as one member: to the first that answers, in the order given.
 *
 * <p>Sending a record again is safe at each of them: the same text has the same receipt at one gateway, and counts once
 * on the chain. Not for several threads at once.
 */
public final class GatewayClient {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final long ASSERTION_LIFETIME_S = 60;
    private static final long TOKEN_MARGIN_S = 20;
    private static final int UPLOAD_LINES = 200;

    private final List<String> baseUrls;
    private final SigningKey key;
    private final String member;
    private final Path receipts;
    // Without it Java offers HTTP/2 with each request; gateways from before ADR 0760 then lose its body.
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(TIMEOUT)
            .build();
    private final Map<String, Token> tokens = new HashMap<>();
    private final SecureRandom random = new SecureRandom();

    private record Token(String text, long untilS) {}

    /** What became of one record of an upload: a receipt, or a problem document. */
    public record Verdict(SignedRecord record, Receipt receipt, Map<String, Object> problem) {}

    /**
     * A client.
     *
     * @param baseUrls gateways' addresses, the preferred one first
     * @param key a registered key of the member
     * @param member the member's USCC
     * @param receipts folder where each record and its receipt are kept; null to keep none
     */
    public GatewayClient(List<String> baseUrls, SigningKey key, String member, Path receipts) {
        if (baseUrls.isEmpty()) {
            throw new MalformedException("a client needs the address of a gateway");
        }
        this.baseUrls = baseUrls.stream().map(url -> url.replaceAll("/+$", "")).toList();
        this.key = key;
        this.member = member;
        this.receipts = receipts;
    }

    /** The receipt for a record; the same record again gives the same one. */
    public Receipt submit(SignedRecord record) throws IOException, InterruptedException, GatewayException {
        String answer = ask("POST", "/v1/records", "application/sd-jwt", record.text());
        Receipt receipt = Receipt.parse(String.valueOf(Json.parseObject(answer).get("receipt")));
        keep(record, receipt);
        return receipt;
    }

    /** A verdict for each record, in order. */
    public List<Verdict> submitBulk(List<SignedRecord> records)
            throws IOException, InterruptedException, GatewayException {
        List<Verdict> verdicts = new ArrayList<>();
        for (int first = 0; first < records.size(); first += UPLOAD_LINES) {
            List<SignedRecord> portion = records.subList(first, Math.min(first + UPLOAD_LINES, records.size()));
            StringBuilder body = new StringBuilder();
            portion.forEach(record -> body.append('"').append(record.text()).append("\"\n"));
            String answer = ask("POST", "/v1/records/bulk", "application/x-ndjson", body.toString());
            List<String> lines = answer.lines().toList();
            if (lines.size() != portion.size()) {
                throw new IOException(lines.size() + " of " + portion.size() + " records were answered; send them again");
            }
            for (int i = 0; i < lines.size(); i++) {
                verdicts.add(verdict(portion.get(i), Json.parseObject(lines.get(i))));
            }
        }
        return verdicts;
    }

    /** The JSON answer to a question, such as {@code /v1/consignments/UCR}. */
    public Map<String, Object> get(String path) throws IOException, InterruptedException, GatewayException {
        return Json.parseObject(ask("GET", path, "", ""));
    }

    /** The consortium's id, as the gateways' trust root says. Compare its fingerprint by another way before you believe it. */
    public String consortium() throws IOException, InterruptedException, GatewayException {
        return String.valueOf(get("/v1/trust-root").get("consortium"));
    }

    private Verdict verdict(SignedRecord record, Map<String, Object> line) throws IOException {
        if (line.get("receipt") instanceof String text) {
            Receipt receipt = Receipt.parse(text);
            keep(record, receipt);
            return new Verdict(record, receipt, null);
        }
        @SuppressWarnings("unchecked")
        Map<String, Object> problem = (Map<String, Object>) line.get("problem");
        return new Verdict(record, null, problem);
    }

    private String ask(String method, String path, String mediaType, String body)
            throws IOException, InterruptedException, GatewayException {
        IOException broken = null;
        GatewayException refused = null;
        for (String baseUrl : baseUrls) {
            try {
                return askOne(baseUrl, method, path, mediaType, body);
            } catch (IOException error) {
                broken = error;
            } catch (GatewayException refusal) {
                if (!refusal.isTemporary()) {
                    throw refusal;
                }
                refused = refusal;
            }
        }
        if (refused != null) {
            throw refused;
        }
        throw broken;
    }

    private String askOne(String baseUrl, String method, String path, String mediaType, String body)
            throws IOException, InterruptedException, GatewayException {
        HttpResponse<String> answer = send(baseUrl, method, path, mediaType, body);
        if (answer.statusCode() == 401 && tokens.remove(baseUrl) != null) {
            // It was started again with another key, or our clocks differ: one new token, then its word counts.
            answer = send(baseUrl, method, path, mediaType, body);
        }
        return checked(answer);
    }

    private HttpResponse<String> send(String baseUrl, String method, String path, String mediaType, String body)
            throws IOException, InterruptedException, GatewayException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(baseUrl + path))
                .timeout(TIMEOUT)
                .header("Authorization", "Bearer " + token(baseUrl))
                .method(method, HttpRequest.BodyPublishers.ofString(body));
        if (!mediaType.isEmpty()) {
            request.header("Content-Type", mediaType);
        }
        return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private String token(String baseUrl) throws IOException, InterruptedException, GatewayException {
        long nowS = System.currentTimeMillis() / 1000;
        Token token = tokens.get(baseUrl);
        if (token != null && nowS < token.untilS()) {
            return token.text();
        }
        byte[] id = new byte[16];
        random.nextBytes(id);
        Map<String, Object> claims = new LinkedHashMap<>();
        claims.put("iss", member);
        claims.put("sub", member);
        claims.put("aud", baseUrl);
        claims.put("jti", Bytes.base64url(id));
        claims.put("iat", nowS);
        claims.put("exp", nowS + ASSERTION_LIFETIME_S);
        String form = "grant_type=client_credentials&client_assertion_type="
                + URLEncoder.encode("urn:ietf:params:oauth:client-assertion-type:jwt-bearer", StandardCharsets.UTF_8)
                + "&client_assertion="
                + key.signCompact("client-authentication+jwt", claims);
        HttpRequest request = HttpRequest.newBuilder(URI.create(baseUrl + "/v1/token"))
                .timeout(TIMEOUT)
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString(form))
                .build();
        Map<String, Object> answer =
                Json.parseObject(checked(http.send(request, HttpResponse.BodyHandlers.ofString())));
        long lifetimeS = answer.get("expires_in") instanceof Long seconds ? seconds : 0;
        Token renewed = new Token(String.valueOf(answer.get("access_token")), nowS + lifetimeS - TOKEN_MARGIN_S);
        tokens.put(baseUrl, renewed);
        return renewed.text();
    }

    private static String checked(HttpResponse<String> answer) throws GatewayException {
        if (answer.statusCode() < 400) {
            return answer.body();
        }
        Map<String, Object> problem;
        try {
            problem = Json.parseObject(answer.body());
        } catch (MalformedException noProblem) {
            // A proxy between us answered with a page of its own; its status is all that counts.
            problem = Map.of();
        }
        throw new GatewayException(answer.statusCode(), problem);
    }

    private void keep(SignedRecord record, Receipt receipt) throws IOException {
        if (receipts == null) {
            return;
        }
        if (!receipt.recordId().equals(record.recordId())) {
            throw new IOException("the gateway's receipt is for another record");
        }
        Files.createDirectories(receipts);
        write(receipts.resolve(record.recordId() + ".sdjwt"), record.text());
        write(receipts.resolve(record.recordId() + ".receipt"), receipt.text());
    }

    /** Whole or not at all: a receipt that was cut short proves nothing. */
    private static void write(Path file, String text) throws IOException {
        Path partial = file.resolveSibling(file.getFileName() + ".part");
        Files.writeString(partial, text);
        Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
