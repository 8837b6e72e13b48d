// SPDX-License-Identifier: Apache-2.0
// java Path.java ROOT.pem CHAIN.pem: the path of CHAIN (the certificate first) to ROOT, without revocation.
// Prints "good", or why not.
import java.io.FileInputStream;
import java.io.InputStream;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

public class Path {
    static List<X509Certificate> read(String path) throws Exception {
        List<X509Certificate> list = new ArrayList<>();
        try (InputStream in = new FileInputStream(path)) {
            for (Object one : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
                list.add((X509Certificate) one);
            }
        }
        return list;
    }

    public static void main(String[] args) throws Exception {
        X509Certificate root = read(args[0]).get(0);
        PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(root, null)));
        parameters.setRevocationEnabled(false);
        try {
            CertPathValidator.getInstance("PKIX").validate(
                CertificateFactory.getInstance("X.509").generateCertPath(read(args[1])), parameters);
            System.out.println("good");
        } catch (CertPathValidatorException refused) {
            System.out.println(refused.getReason() + " " + refused.getMessage());
        }
    }
}
