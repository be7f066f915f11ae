"""What a command was told, from a file, the environment and its flags; the last of these wins."""
