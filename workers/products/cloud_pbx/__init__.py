"""The cloud telephone system: a cluster that runs one named instance per service."""
