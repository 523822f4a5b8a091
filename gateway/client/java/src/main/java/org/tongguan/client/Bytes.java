package org.tongguan.client;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Encodings and hashes that signed things travel in. */
final class Bytes {
    private static final Base64.Encoder URL = Base64.getUrlEncoder().withoutPadding();

    private Bytes() {}

    /** Base64url without padding (RFC 4648, section 5). */
    static String base64url(byte[] raw) {
        return URL.encodeToString(raw);
    }

    static String base64url(String text) {
        return base64url(utf8(text));
    }

    /** The bytes behind canonical base64url without padding; throws MalformedException for any other text. */
    static byte[] parseBase64url(String text) {
        byte[] raw;
        try {
            raw = Base64.getUrlDecoder().decode(text);
        } catch (IllegalArgumentException error) {
            throw new MalformedException("not base64url: " + error.getMessage());
        }
        if (!base64url(raw).equals(text)) {
            throw new MalformedException("not canonical base64url without padding");
        }
        return raw;
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static byte[] sha256(byte[]... parts) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (byte[] part : parts) {
                digest.update(part);
            }
            return digest.digest();
        } catch (GeneralSecurityException error) {
            throw new IllegalStateException("this Java has no SHA-256", error);
        }
    }

    static byte[] hmacSha256(byte[] key, byte[] message) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return mac.doFinal(message);
        } catch (GeneralSecurityException error) {
            throw new IllegalStateException("this Java has no HMAC-SHA-256", error);
        }
    }
}
