"""Beijing, Tianjin and Hebei on one machine: three organisations, each with a folder, a gateway and keys of its own."""
