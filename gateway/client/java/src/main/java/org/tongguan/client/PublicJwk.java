package org.tongguan.client;

import java.math.BigInteger;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.security.spec.EdECPoint;
import java.security.spec.EdECPublicKeySpec;
import java.security.spec.NamedParameterSpec;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** A registered public key, as a JWK (RFC 7517) of exactly the members that its thumbprint is made of. */
public final class PublicJwk {
    private final Map<String, Object> members;

    private PublicJwk(Map<String, Object> members) {
        this.members = members;
    }

    static PublicJwk ofP256(byte[] point) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("crv", "P-256");
        members.put("kty", "EC");
        members.put("x", Bytes.base64url(Arrays.copyOfRange(point, 1, 33)));
        members.put("y", Bytes.base64url(Arrays.copyOfRange(point, 33, 65)));
        return new PublicJwk(members);
    }

    static PublicJwk ofEd25519(byte[] raw) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("crv", "Ed25519");
        members.put("kty", "OKP");
        members.put("x", Bytes.base64url(raw));
        return new PublicJwk(members);
    }

    /** The key in a JWK's members; throws MalformedException. */
    public static PublicJwk of(Map<String, Object> jwk) {
        if ("P-256".equals(jwk.get("crv")) && "EC".equals(jwk.get("kty"))) {
            byte[] point = new byte[65];
            point[0] = 4;
            System.arraycopy(coordinate(jwk, "x"), 0, point, 1, 32);
            System.arraycopy(coordinate(jwk, "y"), 0, point, 33, 32);
            return ofP256(point);
        }
        if ("Ed25519".equals(jwk.get("crv")) && "OKP".equals(jwk.get("kty"))) {
            return ofEd25519(coordinate(jwk, "x"));
        }
        throw new MalformedException("a key is on P-256 or Ed25519");
    }

    private static byte[] coordinate(Map<String, Object> jwk, String name) {
        byte[] raw = Bytes.parseBase64url(String.valueOf(jwk.get(name)));
        if (raw.length != 32) {
            throw new MalformedException("the key's " + name + " has 32 bytes");
        }
        return raw;
    }

    /** {@code ES256} or {@code Ed25519}. */
    public String algorithm() {
        return isEc() ? "ES256" : "Ed25519";
    }

    /** The thumbprint (RFC 7638, SHA-256) in base64url, 43 characters. */
    public String kid() {
        return Bytes.base64url(Bytes.sha256(Bytes.utf8(Json.write(members))));
    }

    /** The JWK's members. */
    public Map<String, Object> members() {
        return Map.copyOf(members);
    }

    /** Whether this key signed a message; {@code signature} has 64 bytes. */
    public boolean verify(byte[] message, byte[] signature) {
        if (signature.length != 64) {
            return false;
        }
        try {
            Signature verifier = Signature.getInstance(isEc() ? "SHA256withECDSAinP1363Format" : "Ed25519");
            verifier.initVerify(isEc() ? ecKey() : edKey());
            verifier.update(message);
            return verifier.verify(signature);
        } catch (GeneralSecurityException refused) {
            // A point off the curve or a signature out of range: nobody signed this.
            return false;
        }
    }

    private boolean isEc() {
        return "EC".equals(members.get("kty"));
    }

    private PublicKey ecKey() throws GeneralSecurityException {
        AlgorithmParameters parameters = AlgorithmParameters.getInstance("EC");
        parameters.init(new ECGenParameterSpec("secp256r1"));
        ECPoint point = new ECPoint(number("x"), number("y"));
        ECParameterSpec curve = parameters.getParameterSpec(ECParameterSpec.class);
        return KeyFactory.getInstance("EC").generatePublic(new ECPublicKeySpec(point, curve));
    }

    private PublicKey edKey() throws GeneralSecurityException {
        byte[] raw = Bytes.parseBase64url((String) members.get("x"));
        boolean isXOdd = (raw[31] & 0x80) != 0;
        raw[31] &= 0x7f;
        for (int i = 0; i < 16; i++) {
            byte swapped = raw[i];
            raw[i] = raw[31 - i];
            raw[31 - i] = swapped;
        }
        EdECPoint point = new EdECPoint(isXOdd, new BigInteger(1, raw));
        return KeyFactory.getInstance("Ed25519").generatePublic(new EdECPublicKeySpec(NamedParameterSpec.ED25519, point));
    }

    private BigInteger number(String name) {
        return new BigInteger(1, Bytes.parseBase64url((String) members.get(name)));
    }
}
