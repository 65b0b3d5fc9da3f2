"""What the tests of Kibana's objects stand on: sample hits with every field filled, and a server that answers as Kibana does."""
