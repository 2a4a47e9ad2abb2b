"""The web's own side: problems, access, bodies and health. Rooms bring their routes; `app` puts them together."""
