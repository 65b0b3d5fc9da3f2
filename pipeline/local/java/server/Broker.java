package fanal.server;

import kafka.Kafka;
import kafka.tools.StorageTool;

/** Kafka in this process: {@code Broker <server.properties> [<cluster id>]}; with an id, storage is formatted first. */
public final class Broker {
    private Broker() {}

    public static void main(String[] arguments) {
        ParentWatch.start();
        String settings = arguments[0];
        if (arguments.length > 1) {
            format(settings, arguments[1]);
        }
        Kafka.main(new String[] {settings});
    }

    /** One JVM start is saved by formatting here and not in a process of its own. */
    private static void format(String settings, String clusterId) {
        String[] command = {"format", "-t", clusterId, "-c", settings, "--ignore-formatted"};
        int code = StorageTool.execute(command, System.err);
        if (code != 0) {
            System.exit(code);
        }
    }
}
