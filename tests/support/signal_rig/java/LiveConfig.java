package org.asamk.signal.manager.config;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;

import okhttp3.Interceptor;

import org.asamk.signal.manager.api.ServiceEnvironment;
import org.signal.libsignal.net.Network.Environment;
import org.signal.libsignal.protocol.InvalidKeyException;
import org.signal.libsignal.protocol.ecc.ECPublicKey;
import org.whispersystems.signalservice.api.push.TrustStore;
import org.whispersystems.signalservice.internal.configuration.SignalCdnUrl;
import org.whispersystems.signalservice.internal.configuration.SignalCdsiUrl;
import org.whispersystems.signalservice.internal.configuration.SignalServiceConfiguration;
import org.whispersystems.signalservice.internal.configuration.SignalServiceUrl;
import org.whispersystems.signalservice.internal.configuration.SignalStorageUrl;
import org.whispersystems.signalservice.internal.configuration.SignalSvr2Url;

/** For tests: takes the place of the addresses and keys that signal-cli has compiled in. */
class LiveConfig {

    private static final Properties SIGNAL = read(Path.of(System.getProperty("rig.signal")));

    private static Properties read(Path file) {
        var properties = new Properties();
        try (var in = Files.newBufferedReader(file)) {
            properties.load(in);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
        var host = URI.create(properties.getProperty("url")).getHost();
        if (!Set.of("127.0.0.1", "localhost").contains(host)) {
            throw new IllegalArgumentException("the rig talks to this machine only");
        }
        return properties;
    }

    private static byte[] bytes(String name) {
        return Base64.getDecoder().decode(SIGNAL.getProperty(name));
    }

    /** The mock server's own authority, and no other. */
    private static final class RigTrust implements TrustStore {

        private static final String PASSWORD = "rig";

        @Override
        public InputStream getKeyStoreInputStream() {
            try (var in = Files.newInputStream(Path.of(SIGNAL.getProperty("ca")))) {
                var store = KeyStore.getInstance("BKS"); // signal-cli's Main installs its provider
                store.load(null, null);
                var authority = CertificateFactory.getInstance("X.509").generateCertificate(in);
                store.setCertificateEntry("rig", authority);
                var out = new ByteArrayOutputStream();
                store.store(out, PASSWORD.toCharArray());
                return new ByteArrayInputStream(out.toByteArray());
            } catch (IOException | GeneralSecurityException error) {
                throw new IllegalStateException(error);
            }
        }

        @Override
        public String getKeyStorePassword() {
            return PASSWORD;
        }
    }

    static SignalServiceConfiguration createDefaultServiceConfiguration(List<Interceptor> interceptors) {
        var url = SIGNAL.getProperty("url");
        var trust = new RigTrust();
        var cdn = new SignalCdnUrl[]{new SignalCdnUrl(url, trust)};
        return new SignalServiceConfiguration(
                new SignalServiceUrl[]{new SignalServiceUrl(url, trust)},
                Map.of(0, cdn, 2, cdn, 3, cdn),
                new SignalStorageUrl[]{new SignalStorageUrl(url + "/storageService", trust)},
                new SignalCdsiUrl[]{new SignalCdsiUrl(url, trust)},
                new SignalSvr2Url[]{new SignalSvr2Url(url, trust, null, null)},
                interceptors,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                bytes("zk"),
                bytes("generic"),
                bytes("backup"),
                false);
    }

    static ECPublicKey getUnidentifiedSenderTrustRoot() {
        try {
            return new ECPublicKey(bytes("trustRoot"));
        } catch (InvalidKeyException error) {
            throw new IllegalStateException(error);
        }
    }

    static ServiceEnvironmentConfig getServiceEnvironmentConfig(List<Interceptor> interceptors) {
        return new ServiceEnvironmentConfig(
                ServiceEnvironment.LIVE,
                Environment.STAGING,
                createDefaultServiceConfiguration(interceptors),
                getUnidentifiedSenderTrustRoot(),
                "00",
                List.of());
    }

    private LiveConfig() {
    }
}
