"""Parts of networks as graphs that other runtimes execute."""
