package org.tongguan.client;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads questions, one JSON object a line, and answers each with one line: what the client says of it. */
public final class Answer {
    private Answer() {}

    public static void main(String[] arguments) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            Object answer;
            try {
                answer = answer(Json.parseObject(line));
            } catch (MalformedException malformed) {
                answer = "malformed";
            }
            out.println(Json.write(answer));
        }
    }

    private static Object answer(Map<String, Object> question) throws Exception {
        return switch (text(question, "ask")) {
            case "sign" -> sign(question);
            case "submit" -> submit(question);
            case "number" -> SignedRecord.number(text(question, "secret"), strings(question, "identity"));
            case "receipt" -> {
                Receipt receipt = Receipt.parse(text(question, "text"));
                yield Map.of("claims", receipt.claims(), "verifies", receipt.verify(jwk(question, "jwk")));
            }
            case "webhook" -> {
                Map<String, String> headers = new HashMap<>();
                object(question, "headers").forEach((name, value) -> headers.put(name, (String) value));
                byte[] body = Bytes.utf8(text(question, "body"));
                yield Webhooks.verify(headers, body, text(question, "secret"), (Long) question.get("now_s"));
            }
            case "proves" -> Webhooks.proves(
                    text(question, "header"),
                    Bytes.utf8(text(question, "body")),
                    jwk(question, "jwk"),
                    text(question, "member"),
                    text(question, "webhook"));
            case "jws" -> CompactJws.parse(text(question, "text"), text(question, "typ")).verify(jwk(question, "jwk"));
            default -> throw new IllegalArgumentException(text(question, "ask"));
        };
    }

    private static Map<String, Object> sign(Map<String, Object> question) {
        SigningKey key = SigningKey.parse(text(question, "pem"), text(question, "passphrase"));
        Map<String, Object> draft = object(question, "draft");
        SignedRecord.Builder builder = builder(draft).consortium(text(draft, "consortium"));
        if (draft.get("issuedAt") instanceof Long seconds) {
            builder.issuedAt(seconds);
        }
        if (question.get("salts") != null) {
            Iterator<String> salts = List.of(strings(question, "salts")).iterator();
            builder.salts(salts::next);
        }
        SignedRecord record = builder.sign(key, text(draft, "issuer"));
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("text", record.text());
        answer.put("record_id", record.recordId());
        answer.put("kid", key.publicJwk().kid());
        answer.put("jwk", key.publicJwk().members());
        return answer;
    }

    private static SignedRecord.Builder builder(Map<String, Object> draft) {
        SignedRecord.Builder builder = SignedRecord.builder(text(draft, "type")).number(text(draft, "number"));
        object(draft, "sections").forEach(builder::section);
        builder.ucrs(strings(draft, "ucrs"));
        if (draft.get("amends") instanceof String amended) {
            builder.amends(amended);
        }
        if (draft.get("withdraws") instanceof String withdrawn) {
            builder.withdraws(withdrawn);
        }
        return builder;
    }

    private static Map<String, Object> submit(Map<String, Object> question) throws Exception {
        SigningKey key = SigningKey.parse(text(question, "pem"), text(question, "passphrase"));
        String member = text(question, "member");
        List<String> urls = List.of(strings(question, "urls"));
        GatewayClient client = new GatewayClient(urls, key, member, Path.of(text(question, "folder")));
        String consortium = client.consortium();
        List<SignedRecord> records = new ArrayList<>();
        for (Object draft : list(question, "drafts")) {
            records.add(builder(asObject(draft)).consortium(consortium).sign(key, member));
        }
        List<GatewayClient.Verdict> verdicts = client.submitBulk(records);
        Receipt again = client.submit(records.get(0));
        Map<String, PublicJwk> keys = new HashMap<>();
        for (Object jwk : list(question, "gateway_keys")) {
            PublicJwk known = PublicJwk.of(asObject(jwk));
            keys.put(known.kid(), known);
        }
        List<Object> receipts = new ArrayList<>();
        List<Object> problems = new ArrayList<>();
        boolean isVerified = again.verify(keys.get(again.kid()));
        for (GatewayClient.Verdict verdict : verdicts) {
            problems.add(verdict.problem() == null ? null : verdict.problem().get("code"));
            if (verdict.receipt() != null) {
                receipts.add(verdict.receipt().text());
                isVerified &= verdict.receipt().verify(keys.get(verdict.receipt().kid()));
            }
        }
        Object refusal = null;
        try {
            client.get("/v1/consignments/none");
        } catch (GatewayException refused) {
            refusal = refused.status();
        }
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("record_ids", records.stream().map(SignedRecord::recordId).toList());
        answer.put("receipts", receipts);
        answer.put("problems", problems);
        answer.put("is_verified", isVerified);
        answer.put("again", again.recordId());
        answer.put("refusal", refusal);
        return answer;
    }

    private static String text(Map<String, Object> members, String name) {
        return (String) members.get(name);
    }

    private static List<?> list(Map<String, Object> members, String name) {
        return (List<?>) members.get(name);
    }

    private static String[] strings(Map<String, Object> members, String name) {
        return list(members, name).stream().map(String.class::cast).toArray(String[]::new);
    }

    private static Map<String, Object> object(Map<String, Object> members, String name) {
        return asObject(members.get(name));
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> asObject(Object value) {
        return (Map<String, Object>) value;
    }

    private static PublicJwk jwk(Map<String, Object> members, String name) {
        return PublicJwk.of(object(members, name));
    }
}
