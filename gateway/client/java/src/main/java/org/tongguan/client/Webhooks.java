package org.tongguan.client;

import java.security.MessageDigest;
import java.util.Base64;
import java.util.Map;
import java.util.TreeMap;

/** Checks that a post to a webhook is its sender's as it came. */
public final class Webhooks {
    private static final int TOLERANCE_S = 300;
    private static final int SIGNATURES_MAX = 16;

    private Webhooks() {}

    /**
     * The id of a post that carries a signature of Standard Webhooks ({@code v1}) under this secret and came in time;
     * throws MalformedException. The same id may come again: take it once.
     *
     * @param headers the request's, by name in any case
     * @param body as it came, byte for byte
     * @param secret {@code whsec_…}, as it was shown once
     * @param nowS this machine's clock, in seconds since 1970 UTC
     */
    public static String verify(Map<String, String> headers, byte[] body, String secret, long nowS) {
        Map<String, String> byName = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        byName.putAll(headers);
        String id = byName.getOrDefault("webhook-id", "");
        String timestamp = byName.getOrDefault("webhook-timestamp", "");
        if (id.isEmpty() || !timestamp.matches("[0-9]{1,12}")) {
            throw new MalformedException("webhook-id and webhook-timestamp are there");
        }
        if (Math.abs(nowS - Long.parseLong(timestamp)) > TOLERANCE_S) {
            throw new MalformedException("webhook-timestamp is within " + TOLERANCE_S + " s of now");
        }
        byte[] start = Bytes.utf8(id + "." + timestamp + ".");
        byte[] signed = new byte[start.length + body.length];
        System.arraycopy(start, 0, signed, 0, start.length);
        System.arraycopy(body, 0, signed, start.length, body.length);
        String wanted = "v1," + Base64.getEncoder().encodeToString(Bytes.hmacSha256(secretBytes(secret), signed));
        String[] signatures = byName.getOrDefault("webhook-signature", "").split(" ", SIGNATURES_MAX + 1);
        for (int i = 0; i < Math.min(signatures.length, SIGNATURES_MAX); i++) {
            if (MessageDigest.isEqual(Bytes.utf8(signatures[i]), Bytes.utf8(wanted))) {
                return id;
            }
        }
        throw new MalformedException("webhook-signature holds a signature under this secret of exactly these bytes");
    }

    /**
     * Whether the header {@code Tongguan-Webhook} is the gateway's word that it told this member's webhook this body:
     * what proves to others what was told. Throws MalformedException where the header is no JWS.
     */
    public static boolean proves(String header, byte[] body, PublicJwk gatewayKey, String member, String webhook) {
        CompactJws jws = CompactJws.parse(header, "tongguan-webhook+jwt");
        StringBuilder digest = new StringBuilder();
        for (byte b : Bytes.sha256(body)) {
            digest.append(String.format("%02x", b));
        }
        return jws.verify(gatewayKey)
                && member.equals(jws.claims().get("aud"))
                && webhook.equals(jws.claims().get("sub"))
                && digest.toString().equals(jws.claims().get("body_sha256"));
    }

    private static byte[] secretBytes(String secret) {
        try {
            byte[] raw = Base64.getDecoder().decode(secret.startsWith("whsec_") ? secret.substring(6) : secret);
            if (raw.length >= 24 && raw.length <= 64) {
                return raw;
            }
        } catch (IllegalArgumentException error) {
            throw new MalformedException("secret is whsec_ and base64: " + error.getMessage());
        }
        throw new MalformedException("secret is whsec_ and base64 of 24 to 64 bytes");
    }
}
