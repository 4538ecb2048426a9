package org.whispersystems.signalservice.api.cds;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

import org.signal.libsignal.net.Network;
import org.signal.libsignal.zkgroup.profiles.ProfileKey;
import org.whispersystems.signalservice.api.NetworkResult;
import org.whispersystems.signalservice.api.push.ServiceId;
import org.whispersystems.signalservice.api.websocket.SignalWebSocket;

/** For tests: who has which number, asked of the rig's control port instead of Signal's enclave. */
public final class CdsApi {

    public CdsApi(SignalWebSocket.AuthenticatedWebSocket ignored) {
    }

    public NetworkResult<CdsiV2Service.Response> getRegisteredUsers(
            Set<String> known,
            Set<String> numbers,
            Map<ServiceId, ProfileKey> keys,
            Optional<byte[]> token,
            Long timeout,
            Network network,
            Consumer<byte[]> keepToken) {
        var asked = new TreeSet<>(known);
        asked.addAll(numbers);
        try {
            var found = new HashMap<String, CdsiV2Service.ResponseItem>();
            for (var line : ask(asked).split("\\\\n")) {
                var words = line.replace("\"", "").split(" ");
                if (words.length == 3) {
                    var aci = Optional.of(ServiceId.ACI.parseOrThrow(words[1]));
                    found.put(words[0], new CdsiV2Service.ResponseItem(ServiceId.PNI.parseOrThrow(words[2]), aci));
                }
            }
            keepToken.accept(new byte[]{1});
            return new NetworkResult.Success<>(new CdsiV2Service.Response(found, numbers.size()));
        } catch (IOException error) {
            return new NetworkResult.NetworkError<>(error);
        }
    }

    /** A JSON string of lines "number aci pni". */
    private static String ask(Set<String> numbers) throws IOException {
        var properties = new Properties();
        try (var in = Files.newBufferedReader(Path.of(System.getProperty("rig.signal")))) {
            properties.load(in);
        }
        var body = "{\"numbers\":[\"" + String.join("\",\"", numbers) + "\"]}";
        var request = HttpRequest.newBuilder(URI.create(properties.getProperty("control") + "/discover"))
                .POST(BodyPublishers.ofString(body))
                .build();
        try {
            var answer = HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
            if (answer.statusCode() != 200) {
                throw new IOException("discovery: " + answer.statusCode());
            }
            return answer.body();
        } catch (InterruptedException error) {
            throw new IOException(error);
        }
    }
}
