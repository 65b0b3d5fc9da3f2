"""Stand-ins for what secures a cluster: an authority of certificates, a server of tokens, and a front that asks for an API key."""
