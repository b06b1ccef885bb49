"""The report's style sheet, for screen and for grey paper."""

from pumpctl.printable import printable

PAPERS = ("a4", "letter")

STYLE = """
:root{color-scheme:light;--ink:#1c2733;--soft:#4a5763;--rule:#c9d1d8}
*{box-sizing:border-box}
body{margin:0;background:#fff;color:var(--ink);font:15px/1.5 system-ui,"Segoe UI","Noto Sans","DejaVu Sans",sans-serif}
main{max-width:1000px;margin:0 auto;padding:28px 24px 40px}
h1{font-size:27px;line-height:1.2;margin:0}
h2{font-size:18px;margin:34px 0 8px;padding-top:10px;border-top:1px solid var(--rule)}
h3{font-size:15px;margin:18px 0 6px;overflow-wrap:anywhere}
p{margin:6px 0}
.warning{color:var(--soft);margin:2px 0 14px}
dl{display:grid;grid-template-columns:1fr 1fr;gap:10px 28px;margin:0 0 14px}
dt{font-size:13px;color:var(--soft)}
dd{margin:0;font-weight:600;overflow-wrap:anywhere}
.integrity{padding:8px 12px;border:1px solid;border-left-width:6px;margin:0}
.sound{border-color:#2b6e4a;background:#f2f9f5}
.broken{border-color:#a3162b;background:#fdf3f4}
.integrity ul{margin:4px 0 0;padding-left:20px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(140px,1fr));gap:10px;margin:0 0 12px;
padding:0;list-style:none}
.tiles li{border:1px solid var(--rule);padding:8px 12px}
.tiles b{display:block;font-size:19px;line-height:1.3;font-variant-numeric:tabular-nums;white-space:nowrap}
.tiles span{font-size:13px;color:var(--soft)}
.told{max-width:52em}
ul.told{margin:6px 0;padding-left:18px}
.therapy{grid-template-columns:max-content 1fr;gap:3px 16px}
.therapy div{display:contents}
.therapy dd{font-weight:400}
figure{margin:0}
figcaption{font-size:13px;color:var(--soft)}
svg.plot{display:block;width:100%;height:auto}
svg.defs{position:absolute}
svg text{font-size:13px;fill:var(--ink);font-family:inherit;paint-order:stroke;stroke:#fff;stroke-width:2.5px}
svg text.small{font-size:12px}
table{border-collapse:collapse;width:100%;font-size:14px;margin:4px 0 8px}
th,td{padding:4px 12px 4px 0;text-align:left;vertical-align:top;
border-bottom:1px solid var(--rule);overflow-wrap:break-word}
#events td:last-child,tbody th+td{overflow-wrap:anywhere}
thead th{font-size:13px;color:var(--soft);border-bottom-color:var(--ink);vertical-align:bottom}
tbody th{font-weight:400;color:var(--soft)}
.n{text-align:right;font-variant-numeric:tabular-nums}
td.n{white-space:nowrap}
.side{display:grid;grid-template-columns:1fr 1fr;gap:0 36px;align-items:start}
#events td:nth-child(2),#events td:nth-child(3){white-space:nowrap}
tbody td:first-child,#interruptions td:nth-child(-n+3){white-space:nowrap}
#visits td:last-child{min-width:5em}
.change table{table-layout:fixed}.change th:first-child{width:20%}.change th:nth-child(3){width:38%}
.change th:last-child{width:12%}
.change td:first-child{white-space:normal}
summary{cursor:pointer;padding:4px 0}
footer{margin-top:36px;padding-top:10px;border-top:1px solid var(--rule);font-size:13px;color:var(--soft)}
@media (max-width:640px){
dl,.side{grid-template-columns:1fr}main{padding:18px 12px}
section{overflow-x:auto}svg.plot{min-width:600px}.change table{min-width:520px}}
@media print{
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
body{font-size:9.5pt;line-height:1.4}main{max-width:none;padding:0}
h1{font-size:19pt}h2{font-size:12.5pt;margin:11px 0 4px;padding-top:6px}h3{font-size:10.5pt}
p{break-inside:avoid}
h2,h3,h2+p,h3+p,summary{break-after:avoid}
figure,tr,.tiles,.integrity,.side,.change,.whole{break-inside:avoid}
thead{display:table-header-group;break-after:avoid}
figcaption,dt,.tiles span,summary{font-size:8.5pt}
.warning{display:none}header h1{margin-bottom:6px}dl{gap:4px 24px;margin-bottom:8px}.integrity{padding:4px 10px}
table{font-size:8.5pt}thead th{font-size:8.5pt}th,td{padding:2.5px 10px 2.5px 0}#refills{font-size:8pt}
.tiles{grid-template-columns:repeat(auto-fit,minmax(88px,1fr));gap:6px;margin-bottom:7px}
.tiles li{padding:3px 7px}.tiles b{font-size:10pt}.tiles span{font-size:8pt;white-space:nowrap}
.told{max-width:none}ul.told{columns:2;column-gap:20px;margin:6px 0 0;font-size:8.5pt}
ul.told li{break-inside:avoid;margin-bottom:1.5px}
dl.therapy{display:block;columns:2;column-gap:20px;margin-bottom:4px}
.therapy div{display:flex;gap:8px;break-inside:avoid;font-size:8.5pt}.therapy dt{flex:0 0 84px}
header dl{grid-template-columns:1fr 1.1fr 1.3fr 1.9fr}
section{overflow:visible}svg.plot,.change table{min-width:0}
details::details-content{content-visibility:visible;block-size:auto;display:block}
summary{list-style:none}
}
"""

_PAGE = """
@page{{{size}margin:16mm 14mm 13mm;
@top-left{{content:{running};font:8pt system-ui,sans-serif;color:#4a5763}}
@bottom-left{{content:{warning};font:8pt system-ui,sans-serif;color:#4a5763}}
@bottom-right{{content:"page " counter(page) " of " counter(pages);font:8pt system-ui,sans-serif;color:#4a5763}}}}
@page:first{{margin-top:10mm;@top-left{{content:none}}}}
"""


def print_style(paper: str, running: str, warning: str) -> str:
    """Rules for printed pages: their size (empty: the reader's choice), what stands at head and foot of each."""
    size = f"size:{paper};" if paper else ""
    return _PAGE.format(size=size, running=_string(running), warning=_string(warning))


def _string(text: str) -> str:
    """A text as a CSS string in which nothing can end it, or the style sheet that it stands in."""
    plain = (
        char if char.isascii() and (char.isalnum() or char in " .,:") else f"\\{ord(char):x} "
        for char in printable(text)
    )
    return f'"{"".join(plain)}"'
