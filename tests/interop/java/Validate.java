// SPDX-License-Identifier: Apache-2.0
// java Validate.java ROOT.pem CHAIN.pem [ocsp|crl]: the path of CHAIN (the certificate first) to ROOT; with
// revocation by the addresses that the certificates carry, and no fall-back, where it says how. Prints
// "good", "revoked REASON", or why not.
import java.io.FileInputStream;
import java.io.InputStream;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateRevokedException;
import java.security.cert.PKIXParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.PKIXRevocationChecker.Option;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

public class Validate {
    static List<X509Certificate> read(String path) throws Exception {
        List<X509Certificate> list = new ArrayList<>();
        try (InputStream in = new FileInputStream(path)) {
            for (Object one : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
                list.add((X509Certificate) one);
            }
        }
        return list;
    }

    static PKIXRevocationChecker checker(CertPathValidator validator, String how) {
        PKIXRevocationChecker checker = (PKIXRevocationChecker) validator.getRevocationChecker();
        // only the root's CRL tells of the authority below it
        checker.setOptions(how.equals("ocsp")
                ? EnumSet.of(Option.NO_FALLBACK, Option.ONLY_END_ENTITY)
                : EnumSet.of(Option.NO_FALLBACK, Option.PREFER_CRLS));
        return checker;
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("com.sun.security.enableCRLDP", "true");
        X509Certificate root = read(args[0]).get(0);
        List<X509Certificate> chain = read(args[1]);
        chain.remove(root);
        CertPath path = CertificateFactory.getInstance("X.509").generateCertPath(chain);
        CertPathValidator validator = CertPathValidator.getInstance("PKIX");
        PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(root, null)));
        if (args.length > 2) {
            parameters.addCertPathChecker(checker(validator, args[2]));
        } else {
            parameters.setRevocationEnabled(false);
        }
        try {
            validator.validate(path, parameters);
            System.out.println("good");
        } catch (CertPathValidatorException e) {
            System.out.println(e.getCause() instanceof CertificateRevokedException
                    ? "revoked " + ((CertificateRevokedException) e.getCause()).getRevocationReason()
                    : "invalid: " + e + " / " + e.getCause());
        }
    }
}
