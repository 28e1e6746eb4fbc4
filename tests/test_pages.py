"""Links and commands of the pages lead somewhere."""

import re
from pathlib import Path

import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config

from swin3d_mmdet3d.apis import find_config

REPOSITORY = Path(__file__).resolve().parents[1]
FOLDERS = ('docs', 'configs', 'projects', 'ops', 'tests')
PAGES = sorted(
    [*REPOSITORY.glob('*.md'), *(page for name in FOLDERS for page in (REPOSITORY / name).rglob('*.md'))]
)
NAMES = [page.relative_to(REPOSITORY).as_posix() for page in PAGES]
CODE = re.compile(r'^```.*?^```', re.MULTILINE | re.DOTALL)
LINK = re.compile(r'\]\(([^)\s]+)\)')
TOOL = re.compile(r'python3? -m swin3d_mmdet3d\.tools\.(\w+)((?:[^\n`|&;#]|\\\n)*)')
MIM = re.compile(r'mim (?:train|test) swin3d_mmdet3d\s+([^\s$]+)')


def headings(text):
    """The anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r'^#+ (.+)$', CODE.sub('', text), re.MULTILINE)
    plain = [re.sub(r'\[([^]]*)\]\([^)]*\)', r'\1', title) for title in titles]
    return {re.sub(r'[^\w\- ]', '', title).strip().lower().replace(' ', '-') for title in plain}


@pytest.mark.parametrize('page', PAGES, ids=NAMES)
def test_links_lead_to_files_and_headings_that_are_there(page):
    lost = []
    for link in LINK.findall(CODE.sub('', page.read_text(encoding='utf-8'))):
        if link.startswith(('http://', 'https://', 'mailto:')):
            continue
        place, _, anchor = link.partition('#')
        target = page if not place else (page.parent / place).resolve()
        if not target.exists() or (anchor and anchor not in headings(target.read_text(encoding='utf-8'))):
            lost.append(link)
    assert lost == []


@pytest.mark.parametrize('page', PAGES, ids=NAMES)
def test_commands_name_tools_and_options_that_are_there(page):
    lost = []
    for tool, rest in TOOL.findall(page.read_text(encoding='utf-8')):
        source = REPOSITORY / 'swin3d_mmdet3d' / 'tools' / f'{tool}.py'
        if not source.is_file():
            lost.append(tool)
            continue
        options = re.findall(r'(?<!\S)--[a-z][\w-]*', rest)
        lost += [f'{tool} {option}' for option in options if not knows(source, option)]
    assert lost == []


def knows(source, option):
    """Whether the tool's file, or another tool's that it takes options from, names the option."""
    text = source.read_text(encoding='utf-8')
    others = re.findall(r'^from \.(\w+) import', text, re.MULTILINE)
    return f"'{option}'" in text or any(knows(source.with_name(f'{name}.py'), option) for name in others)


@pytest.mark.parametrize('page', PAGES, ids=NAMES)
def test_configs_of_mim_s_command_lines_are_found(page):
    for name in MIM.findall(page.read_text(encoding='utf-8')):
        if name.startswith('CONFIG'):
            continue
        assert find_config(name).is_file(), name


def test_the_site_has_every_page_and_no_link_that_leads_nowhere(tmp_path):
    config = load_config(str(REPOSITORY / 'mkdocs.yml'), site_dir=str(tmp_path), strict=True)
    build(config)  # raises at a link or heading that is not there
    built = {path.relative_to(tmp_path).with_suffix('.md').as_posix() for path in tmp_path.rglob('*.html')}
    made = {re.sub(r'README\.md$', 'index.md', name) for name in NAMES}
    assert made - built == set()
