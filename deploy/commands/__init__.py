"""What the commands of the command line do; `deploy.cli` loads each when it is asked for."""
