package org.tongguan.client;

import java.nio.charset.StandardCharsets;
import java.util.Map;

/** A compact JWS (RFC 7515) of the gateway; well formed, not yet verified. */
public final class CompactJws {
    private static final int CHARS_MAX = 131_072;

    private final Map<String, Object> header;
    private final Map<String, Object> claims;
    private final byte[] signingInput;
    private final byte[] signature;

    private CompactJws(
            Map<String, Object> header, Map<String, Object> claims, byte[] signingInput, byte[] signature) {
        this.header = header;
        this.claims = claims;
        this.signingInput = signingInput;
        this.signature = signature;
    }

    /** The JWS of this {@code typ} in a text; throws MalformedException. */
    public static CompactJws parse(String text, String typ) {
        String[] parts = text.split("\\.", -1);
        if (parts.length != 3 || text.length() > CHARS_MAX) {
            throw new MalformedException("a compact JWS has three parts and at most " + CHARS_MAX + " characters");
        }
        Map<String, Object> header = Json.parseObject(utf8(Bytes.parseBase64url(parts[0])));
        if (!typ.equals(header.get("typ"))) {
            throw new MalformedException("typ is " + typ);
        }
        return new CompactJws(
                header,
                Json.parseObject(utf8(Bytes.parseBase64url(parts[1]))),
                Bytes.utf8(parts[0] + "." + parts[1]),
                Bytes.parseBase64url(parts[2]));
    }

    /** What it says. */
    public Map<String, Object> claims() {
        return claims;
    }

    /** The thumbprint of the key that is said to have signed. */
    public String kid() {
        return String.valueOf(header.get("kid"));
    }

    /** Whether this very key signed. */
    public boolean verify(PublicJwk key) {
        return key.algorithm().equals(header.get("alg"))
                && key.kid().equals(kid())
                && key.verify(signingInput, signature);
    }

    private static String utf8(byte[] raw) {
        return new String(raw, StandardCharsets.UTF_8);
    }
}
