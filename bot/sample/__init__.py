"""The bundled sample: captured shapes, described in README.md beside this file."""
