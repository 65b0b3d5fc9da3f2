package fanal.server;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginsLoader;

/**
 * An Elasticsearch node in this process: {@code Search <home> <config>}, where home holds modules/ and plugins/.
 *
 * <p>The server's own main class needs an entitlement agent that is not published as a jar, so the node is built here.
 */
public final class Search {
    private static final int STOPPED_BY_SIGNAL = 143;

    private Search() {}

    public static void main(String[] arguments) throws Exception {
        ParentWatch.start();
        Path home = Path.of(arguments[0]);
        Environment environment = environment(home, Path.of(arguments[1]));
        LogConfigurator.registerErrorListener();
        LogConfigurator.setNodeName(Node.NODE_NAME_SETTING.get(environment.settings()));
        LogConfigurator.configure(environment, true);
        Node node = new Node(environment, plugins(home));
        CountDownLatch closed = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node, closed), "close-node"));
        node.start();
        closed.await();
    }

    private static Environment environment(Path home, Path config) {
        Settings settings = Settings.builder().put("path.home", home).build();
        return InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), config, () -> "fanal");
    }

    /** The last false keeps plugins on the class path: as Java modules they would miss modules that are not published. */
    private static PluginsLoader plugins(Path home) {
        return PluginsLoader.createPluginsLoader(
                PluginsLoader.loadModulesBundles(home.resolve("modules"), false),
                PluginsLoader.loadPluginsBundles(home.resolve("plugins"), false),
                Map.of(),
                false);
    }

    /** A node that is asked to close while it still starts can wait for itself; nothing acknowledged is lost by a halt. */
    private static void haltAfter(long seconds) {
        Thread halt = new Thread(
                () -> {
                    try {
                        TimeUnit.SECONDS.sleep(seconds);
                    } catch (InterruptedException woken) {
                        return;
                    }
                    System.err.println("WARN the node did not close within " + seconds + " s: halting");
                    Runtime.getRuntime().halt(STOPPED_BY_SIGNAL);
                },
                "halt");
        halt.setDaemon(true);
        halt.start();
    }

    private static void close(Node node, CountDownLatch closed) {
        haltAfter(12);
        try {
            node.prepareForClose();
            node.close();
            node.awaitClose(10, TimeUnit.SECONDS);
        } catch (IOException | InterruptedException failure) {
            System.err.println("ERROR the node did not close cleanly: " + failure);
        } finally {
            closed.countDown();
        }
    }
}
