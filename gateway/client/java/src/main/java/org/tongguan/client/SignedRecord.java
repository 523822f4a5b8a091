package org.tongguan.client;

import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/** A record as its issuer signed it: an SD-JWT (RFC 9901), every element a disclosure with a salt of its own. */
public final class SignedRecord {
    /** Sections that have one element for each value; every other section is one element. */
    private static final Set<String> MANY = Set.of("ucr", "names", "references", "goods_items", "access");

    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int SALT_BYTES = 16;

    private final String text;
    private final String recordId;

    private SignedRecord(String text, String recordId) {
        this.text = text;
        this.recordId = recordId;
    }

    /** A new builder for a record of a type, such as {@code logistics.event}; {@code GET /v1/schemas/{type}} says its sections. */
    public static Builder builder(String type) {
        return new Builder(type);
    }

    /** What is sent, and kept: sending it again is safe, signing again is not. */
    public String text() {
        return text;
    }

    /** The digest of what was signed, in base64url. */
    public String recordId() {
        return recordId;
    }

    /**
     * Your number of a record: an HMAC under a secret of your own over what it is read from, never over the time, so that
     * a second run gives the same number.
     *
     * @param secret 32 bytes in base64url, as a member's folder keeps them in {@code jti-secret}
     */
    public static String number(String secret, String... identity) {
        byte[] key = Bytes.parseBase64url(secret.strip());
        if (key.length != 32) {
            throw new MalformedException("a secret for record numbers has 32 bytes");
        }
        StringBuilder message = new StringBuilder("tongguan-jti");
        for (String part : identity) {
            message.append('\0').append(part);
        }
        return Bytes.base64url(Bytes.hmacSha256(key, Bytes.utf8(message.toString())));
    }

    /** What a record says, until it is signed. */
    public static final class Builder {
        private final String type;
        private final Map<String, Object> sections = new LinkedHashMap<>();
        private String consortium = "";
        private String number = "";
        private String replaces = "";
        private String replacedClaim = "amends";
        private long issuedAt = System.currentTimeMillis() / 1000;
        private Supplier<String> salts = SignedRecord::salt;

        private Builder(String type) {
            this.type = type;
        }

        /** A section's value: a map, or for a section of many elements a list. */
        public Builder section(String name, Object value) {
            sections.put(name, value);
            return this;
        }

        /** The consignments that it speaks of. */
        public Builder ucrs(String... ucrs) {
            return section("ucr", List.of((Object[]) ucrs));
        }

        /** The consortium's id, 64 hex digits: {@code consortium} of {@code GET /v1/trust-root}. */
        public Builder consortium(String id) {
            this.consortium = id;
            return this;
        }

        /** Your number of it, see {@link SignedRecord#number}. */
        public Builder number(String jti) {
            this.number = jti;
            return this;
        }

        /** The id of the record that it replaces. */
        public Builder amends(String recordId) {
            this.replaces = recordId;
            this.replacedClaim = "amends";
            return this;
        }

        /** The id of the record that it takes back. */
        public Builder withdraws(String recordId) {
            this.replaces = recordId;
            this.replacedClaim = "withdraws";
            return this;
        }

        /** When it is issued, in seconds since 1970 UTC; now where this is not called. */
        public Builder issuedAt(long seconds) {
            this.issuedAt = seconds;
            return this;
        }

        Builder salts(Supplier<String> salts) {
            this.salts = salts;
            return this;
        }

        /** The record signed by a member's registered key; {@code issuer} is the member's USCC. */
        public SignedRecord sign(SigningKey key, String issuer) {
            Map<String, Object> claims = new LinkedHashMap<>();
            claims.put("iss", issuer);
            claims.put("aud", consortium);
            claims.put("iat", issuedAt);
            claims.put("jti", number);
            claims.put("vct", type);
            claims.put("_sd_alg", "sha-256");
            if (!replaces.isEmpty()) {
                claims.put(replacedClaim, replaces);
            }
            StringBuilder disclosures = new StringBuilder();
            for (Map.Entry<String, Object> section : sections.entrySet()) {
                List<Object> digests = new ArrayList<>();
                for (Object element : elements(section.getKey(), section.getValue())) {
                    List<Object> disclosed = new ArrayList<>();
                    disclosed.add(salts.get());
                    disclosed.add(element);
                    String disclosure = Bytes.base64url(Json.write(disclosed));
                    disclosures.append(disclosure).append('~');
                    digests.add(Map.of("...", Bytes.base64url(Bytes.sha256(Bytes.utf8(disclosure)))));
                }
                claims.put(section.getKey(), digests);
            }
            String jwt = key.signCompact("tongguan-record+sd-jwt", claims);
            byte[] digest = Bytes.sha256(Bytes.utf8(jwt.substring(0, jwt.lastIndexOf('.'))));
            return new SignedRecord(jwt + "~" + disclosures, Bytes.base64url(digest));
        }

        private static List<?> elements(String name, Object value) {
            if (!MANY.contains(name)) {
                return java.util.Collections.singletonList(value);
            }
            if (value instanceof List<?> list && !list.isEmpty()) {
                return list;
            }
            throw new MalformedException("section " + name + " is a list of at least one element");
        }
    }

    private static String salt() {
        byte[] salt = new byte[SALT_BYTES];
        RANDOM.nextBytes(salt);
        return Bytes.base64url(salt);
    }
}
