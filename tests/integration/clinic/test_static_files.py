"""Static files are compressed once, and quickly."""

from __future__ import annotations

from pathlib import Path

from clinic.static_files import StaticFiles


def test_gzip_alone_is_written(tmp_path: Path) -> None:
    file = tmp_path / "page.css"
    file.write_text("main { color: #123456; }\n" * 200, encoding="utf-8")
    compressor = StaticFiles(location=str(tmp_path)).create_compressor(quiet=True)
    assert [Path(made).name for made in compressor.compress(str(file))] == ["page.css.gz"]
    assert (tmp_path / "page.css.gz").stat().st_size < 400
