package org.tongguan.client;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.EdECPrivateKey;
import java.security.interfaces.EdECPublicKey;
import java.security.spec.NamedParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.crypto.Cipher;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.SecretKey;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;

/** A member's private key on P-256 or Ed25519. It never prints itself. */
public final class SigningKey {
    private static final BigInteger P256_ORDER =
            new BigInteger("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16);
    private static final int COORDINATE_BYTES = 32;

    private final PrivateKey key;
    private final PublicJwk jwk;

    private SigningKey(PrivateKey key, PublicJwk jwk) {
        this.key = key;
        this.jwk = jwk;
    }

    /** The key in an encrypted PKCS#8 PEM file; throws MalformedException, also for a wrong passphrase. */
    public static SigningKey load(Path file, String passphrase) throws IOException {
        return parse(Files.readString(file), passphrase);
    }

    /** The key in an encrypted PKCS#8 PEM text; throws MalformedException, also for a wrong passphrase. */
    public static SigningKey parse(String pem, String passphrase) {
        String begin = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
        String end = "-----END ENCRYPTED PRIVATE KEY-----";
        int from = pem.indexOf(begin);
        int to = pem.indexOf(end);
        if (from < 0 || to < from) {
            throw new MalformedException("the private key is an encrypted PKCS#8 PEM file");
        }
        try {
            byte[] encrypted = Base64.getMimeDecoder().decode(pem.substring(from + begin.length(), to));
            return of(decrypt(encrypted, passphrase));
        } catch (GeneralSecurityException | IOException | IllegalArgumentException error) {
            throw new MalformedException("the private key opens with the given passphrase: " + error.getMessage());
        }
    }

    private static byte[] decrypt(byte[] encrypted, String passphrase) throws GeneralSecurityException, IOException {
        EncryptedPrivateKeyInfo info = new EncryptedPrivateKeyInfo(encrypted);
        // getAlgName() gives the number of PBES2; the parameters' text names the whole scheme, as Java's factories do.
        AlgorithmParameters parameters = info.getAlgParameters();
        String scheme = parameters.toString();
        SecretKey secret =
                SecretKeyFactory.getInstance(scheme).generateSecret(new PBEKeySpec(passphrase.toCharArray()));
        Cipher cipher = Cipher.getInstance(scheme);
        cipher.init(Cipher.DECRYPT_MODE, secret, parameters);
        return cipher.doFinal(info.getEncryptedData());
    }

    private static SigningKey of(byte[] pkcs8) throws GeneralSecurityException {
        PKCS8EncodedKeySpec spec = new PKCS8EncodedKeySpec(pkcs8);
        try {
            EdECPrivateKey key = (EdECPrivateKey) KeyFactory.getInstance("Ed25519").generatePrivate(spec);
            return new SigningKey(key, PublicJwk.ofEd25519(publicOf(key)));
        } catch (GeneralSecurityException notEd25519) {
            ECPrivateKey key = (ECPrivateKey) KeyFactory.getInstance("EC").generatePrivate(spec);
            if (!P256_ORDER.equals(key.getParams().getOrder())) {
                throw new MalformedException("the private key is on P-256 or Ed25519");
            }
            byte[] point = publicPoint(pkcs8);
            return new SigningKey(key, PublicJwk.ofP256(point));
        }
    }

    /** Java derives a public key from a seed only where a key pair is made: the seed stands in for its randomness. */
    private static byte[] publicOf(EdECPrivateKey key) throws GeneralSecurityException {
        byte[] seed = key.getBytes().orElseThrow(() -> new MalformedException("the private key holds its seed"));
        KeyPairGenerator generator = KeyPairGenerator.getInstance("Ed25519");
        generator.initialize(NamedParameterSpec.ED25519, new FixedRandom(seed));
        EdECPublicKey made = (EdECPublicKey) generator.generateKeyPair().getPublic();
        byte[] raw = fixed(made.getPoint().getY());
        for (int i = 0; i < COORDINATE_BYTES / 2; i++) {
            byte swapped = raw[i];
            raw[i] = raw[COORDINATE_BYTES - 1 - i];
            raw[COORDINATE_BYTES - 1 - i] = swapped;
        }
        if (made.getPoint().isXOdd()) {
            raw[COORDINATE_BYTES - 1] |= (byte) 0x80;
        }
        return raw;
    }

    /** The uncompressed point (65 bytes) at the end of an EC private key (RFC 5915), where every usual program puts it. */
    private static byte[] publicPoint(byte[] pkcs8) {
        int at = pkcs8.length - 65;
        // [1] EXPLICIT { BIT STRING { no unused bits, 04 x y } }: A1 44 03 42 00 04 …
        byte[] before = {(byte) 0xa1, 0x44, 0x03, 0x42, 0x00};
        if (at < before.length
                || !Arrays.equals(Arrays.copyOfRange(pkcs8, at - before.length, at), before)
                || pkcs8[at] != 4) {
            throw new MalformedException("the private key's file holds its public key");
        }
        return Arrays.copyOfRange(pkcs8, at, pkcs8.length);
    }

    /** The public part. */
    public PublicJwk publicJwk() {
        return jwk;
    }

    /** The signature of a message, 64 raw bytes; of ES256 the twin with the low {@code s}, the only one intake takes. */
    public byte[] sign(byte[] message) {
        boolean isEc = key instanceof ECPrivateKey;
        try {
            Signature signature = Signature.getInstance(isEc ? "SHA256withECDSAinP1363Format" : "Ed25519");
            signature.initSign(key);
            signature.update(message);
            byte[] raw = signature.sign();
            return isEc ? lowS(raw) : raw;
        } catch (GeneralSecurityException error) {
            throw new IllegalStateException("this Java does not sign", error);
        }
    }

    /** A compact JWS (RFC 7515) of claims. */
    public String signCompact(String typ, Map<String, Object> claims) {
        Map<String, Object> header = new LinkedHashMap<>();
        header.put("alg", jwk.algorithm());
        header.put("kid", jwk.kid());
        header.put("typ", typ);
        String input = Bytes.base64url(Json.write(header)) + "." + Bytes.base64url(Json.write(claims));
        return input + "." + Bytes.base64url(sign(Bytes.utf8(input)));
    }

    @Override
    public String toString() {
        return "SigningKey(kid=" + jwk.kid() + ")";
    }

    private static byte[] lowS(byte[] raw) {
        BigInteger s = new BigInteger(1, Arrays.copyOfRange(raw, COORDINATE_BYTES, 2 * COORDINATE_BYTES));
        byte[] low = fixed(s.min(P256_ORDER.subtract(s)));
        System.arraycopy(low, 0, raw, COORDINATE_BYTES, COORDINATE_BYTES);
        return raw;
    }

    static byte[] fixed(BigInteger number) {
        byte[] bytes = number.toByteArray();
        byte[] out = new byte[COORDINATE_BYTES];
        int length = Math.min(bytes.length, COORDINATE_BYTES);
        System.arraycopy(bytes, bytes.length - length, out, COORDINATE_BYTES - length, length);
        return out;
    }

    private static final class FixedRandom extends SecureRandom {
        private static final long serialVersionUID = 1L;
        private final byte[] seed;

        FixedRandom(byte[] seed) {
            this.seed = seed.clone();
        }

        @Override
        public void nextBytes(byte[] bytes) {
            System.arraycopy(seed, 0, bytes, 0, bytes.length);
        }
    }
}
