package org.tongguan.client;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** A gateway's signed promise that a record is kept and will be anchored in time; docs/spec/receipts.md. */
public final class Receipt {
    private static final int HASH_BYTES = 32;
    private static final int GROUP_MAX = 2048;

    private final String text;
    private final Map<String, Object> claims;
    private final CompactJws jws;
    private final boolean isInTree;

    private Receipt(String text, Map<String, Object> claims, CompactJws jws, boolean isInTree) {
        this.text = text;
        this.claims = claims;
        this.jws = jws;
        this.isInTree = isInTree;
    }

    /** The receipt in a text of either form, its signature not checked; throws MalformedException. */
    public static Receipt parse(String text) {
        if (text.indexOf('~') < 0) {
            CompactJws alone = CompactJws.parse(text, "tongguan-receipt+jwt");
            return new Receipt(text, alone.claims(), alone, true);
        }
        String[] parts = text.split("~", -1);
        if (parts.length != 4 || !parts[2].matches("0|[1-9][0-9]{0,3}")) {
            throw new MalformedException("a receipt of a group is JWS, leaf, index and path");
        }
        CompactJws jws = CompactJws.parse(parts[0], "tongguan-receipts+jwt");
        byte[] leaf = Bytes.parseBase64url(parts[1]);
        byte[] path = Bytes.parseBase64url(parts[3]);
        if (!(jws.claims().get("size") instanceof Long size) || size < 1 || size > GROUP_MAX) {
            throw new MalformedException("a group has 1 to " + GROUP_MAX + " receipts");
        }
        byte[] root = Bytes.parseBase64url(String.valueOf(jws.claims().get("root")));
        boolean isInTree = isIncluded(leaf, Integer.parseInt(parts[2]), size.intValue(), path, root);
        Map<String, Object> claims = new LinkedHashMap<>(jws.claims());
        claims.keySet().removeAll(java.util.List.of("size", "root"));
        claims.putAll(Json.parseObject(new String(leaf, StandardCharsets.UTF_8)));
        return new Receipt(text, claims, jws, isInTree);
    }

    /** The inclusion proof of RFC 9162, 2.1.3.2. */
    private static boolean isIncluded(byte[] leaf, int index, int size, byte[] path, byte[] root) {
        if (index >= size || path.length % HASH_BYTES != 0) {
            return false;
        }
        int position = index;
        int last = size - 1;
        byte[] known = Bytes.sha256(new byte[] {0}, leaf);
        for (int at = 0; at < path.length; at += HASH_BYTES) {
            if (last == 0) {
                return false;
            }
            byte[] sibling = Arrays.copyOfRange(path, at, at + HASH_BYTES);
            if ((position & 1) == 1 || position == last) {
                known = Bytes.sha256(new byte[] {1}, sibling, known);
                while ((position & 1) == 0 && position != 0) {
                    position >>= 1;
                    last >>= 1;
                }
            } else {
                known = Bytes.sha256(new byte[] {1}, known, sibling);
            }
            position >>= 1;
            last >>= 1;
        }
        return last == 0 && Arrays.equals(known, root);
    }

    /** What to keep: whoever holds it can prove a broken promise. */
    public String text() {
        return text;
    }

    /** The record's id, as its issuer computes it too. */
    public String recordId() {
        return String.valueOf(claims.get("record_id"));
    }

    /** By when the record is anchored, in seconds since 1970 UTC. */
    public long anchorBy() {
        return claims.get("anchor_by") instanceof Long seconds ? seconds : 0;
    }

    /** All claims: {@code iss}, {@code aud}, {@code record_id}, {@code entries}, {@code accepted_at}, {@code anchor_by}. */
    public Map<String, Object> claims() {
        return claims;
    }

    /** The thumbprint of the gateway's key; its JWK stands in the registry ({@code GET /v1/ledger/keys}). */
    public String kid() {
        return jws.kid();
    }

    /** Whether this key of a gateway signed all that the receipt says. */
    public boolean verify(PublicJwk gatewayKey) {
        return isInTree && jws.verify(gatewayKey);
    }
}
