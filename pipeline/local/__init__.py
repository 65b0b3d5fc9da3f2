"""The embedded stack: the real Kafka and the real Elasticsearch core as child processes on loopback.

No Docker, no root, no system Java. `stack.LocalStack` is the way in; `fetch.fetch` is all that needs the network.
Reading order: `stack` (lifetime), `server` (one child process), `broker` and `search` (how each is configured, and when
it is ready), `fetch` and `build` (what must be on disk first). `docs/decisions/002-embedded-servers.md` says why.
"""
