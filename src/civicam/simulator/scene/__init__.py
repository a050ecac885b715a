"""Street scenes drawn by ourselves: a still backdrop, moving shapes, weather. No picture of a real place."""
