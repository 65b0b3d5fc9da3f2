package fanal.server;

import java.io.IOException;

/** Ends this process, by its ordinary shutdown, when whoever started it is gone: its standard input then ends. */
final class ParentWatch {
    private ParentWatch() {}

    static void start() {
        Thread watch = new Thread(ParentWatch::waitForTheEnd, "parent-watch");
        watch.setDaemon(true);
        watch.start();
    }

    private static void waitForTheEnd() {
        try {
            while (System.in.read() >= 0) {
                // The parent never writes: only the end of the stream counts.
            }
        } catch (IOException closed) {
            System.err.println("INFO standard input is gone: " + closed.getMessage());
        }
        System.exit(0);
    }
}
