// Bouncy Castle's word on SM2: `sign SECRET MESSAGE` and `verify X Y MESSAGE SIGNATURE`, all in hex, r || s.
import java.math.BigInteger;
import java.util.HexFormat;
import org.bouncycastle.asn1.gm.GMNamedCurves;
import org.bouncycastle.asn1.x9.X9ECParameters;
import org.bouncycastle.crypto.params.ECDomainParameters;
import org.bouncycastle.crypto.params.ECPrivateKeyParameters;
import org.bouncycastle.crypto.params.ECPublicKeyParameters;
import org.bouncycastle.crypto.signers.PlainDSAEncoding;
import org.bouncycastle.crypto.signers.SM2Signer;

public class Sm2 {
  public static void main(String[] given) throws Exception {
    HexFormat hex = HexFormat.of();
    X9ECParameters curve = GMNamedCurves.getByName("sm2p256v1");
    ECDomainParameters domain = new ECDomainParameters(curve.getCurve(), curve.getG(), curve.getN(), curve.getH());
    SM2Signer signer = new SM2Signer(PlainDSAEncoding.INSTANCE);
    if (given[0].equals("sign")) {
      signer.init(true, new ECPrivateKeyParameters(new BigInteger(given[1], 16), domain));
      byte[] message = hex.parseHex(given[2]);
      signer.update(message, 0, message.length);
      System.out.println(hex.formatHex(signer.generateSignature()));
    } else {
      var point = curve.getCurve().createPoint(new BigInteger(given[1], 16), new BigInteger(given[2], 16));
      signer.init(false, new ECPublicKeyParameters(point, domain));
      byte[] message = hex.parseHex(given[3]);
      signer.update(message, 0, message.length);
      System.out.println(signer.verifySignature(hex.parseHex(given[4])));
    }
  }
}
