"""The report's style sheet, for screen and for grey paper."""

STYLE = """
:root{color-scheme:light;--ink:#1c2733;--soft:#4a5763;--rule:#c9d1d8}
*{box-sizing:border-box}
body{margin:0;background:#fff;color:var(--ink);font:15px/1.5 system-ui,"Segoe UI","Noto Sans","DejaVu Sans",sans-serif}
main{max-width:1000px;margin:0 auto;padding:28px 24px 40px}
h1{font-size:27px;line-height:1.2;margin:0}
h2{font-size:18px;margin:34px 0 8px;padding-top:10px;border-top:1px solid var(--rule)}
h3{font-size:15px;margin:18px 0 6px}
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
.told{max-width:46em}
figure{margin:0}
figcaption{font-size:13px;color:var(--soft)}
svg.plot{display:block;width:100%;height:auto}
svg.defs{position:absolute}
svg text{font-size:13px;fill:var(--ink);font-family:inherit}
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
#refills td:first-child,#alarms td:first-child{white-space:nowrap}
summary{cursor:pointer;padding:4px 0}
footer{margin-top:36px;padding-top:10px;border-top:1px solid var(--rule);font-size:13px;color:var(--soft)}
@media (max-width:640px){
dl,.side{grid-template-columns:1fr}main{padding:18px 12px}
section{overflow-x:auto}svg.plot{min-width:600px}}
@media print{
@page{size:A4;margin:14mm}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
body{font-size:10.5pt}main{max-width:none;padding:0}
h2{margin-top:18px;break-after:avoid}
figure,tr,.tiles,.integrity,.side{break-inside:avoid}
section:has(>figure){break-inside:avoid}
thead{display:table-header-group}
table{font-size:9pt}#refills{font-size:8pt}
.tiles{grid-template-columns:repeat(auto-fit,minmax(96px,1fr))}.tiles b{font-size:15px}
details::details-content{content-visibility:visible;block-size:auto;display:block}
summary{list-style:none}
}
"""
