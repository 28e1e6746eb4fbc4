"""Hook of mkdocs: every page of the repository, and each file that one links to, under its own path."""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

FOLDERS = ('docs', 'configs', 'projects', 'ops', 'tests')
LINK = re.compile(r'\]\(([^)\s#]+)[^)\s]*\)')


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The pages with what they link to, in place of the files of the page folder alone."""
    root = Path(config.config_file_path).resolve().parent
    pages = sorted([*root.glob('*.md'), *(page for name in FOLDERS for page in (root / name).rglob('*.md'))])
    linked = {path for page in pages for path in linked_files(page) if path.is_relative_to(root)}
    return Files(
        [
            File.generated(config, path.relative_to(root).as_posix(), abs_src_path=str(path))
            for path in [*pages, *sorted(linked.difference(pages))]
        ]
    )


def on_page_markdown(markdown: str, page, config: MkDocsConfig, files: Files) -> str:
    """The page with links to folders made links to the pages in them, or texts where they have none."""
    folder = Path(page.file.abs_src_path).parent

    def to_page(match: re.Match) -> str:
        target = folder / match[2]
        if not target.is_dir():
            return match[0]
        return (
            f'[{match[1]}]({match[2].rstrip("/")}/README.md)'
            if (target / 'README.md').is_file()
            else match[1]
        )

    return re.sub(r'\[([^][]*)\]\(([^)\s#:]+)\)', to_page, markdown)


def linked_files(page: Path) -> set[Path]:
    """The files beside or above a page that it links to."""
    links = LINK.findall(page.read_text(encoding='utf-8'))
    targets = {(page.parent / link).resolve() for link in links if '://' not in link}
    return {target for target in targets if target.is_file()}
