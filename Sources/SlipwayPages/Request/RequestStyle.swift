internal import Foundation
internal import SlipwayModel

/// The look of a request: in light and dark, on a phone, and on paper.
enum RequestStyle {
  /// The source of a content security policy that lets through this sheet and no other.
  static let policy: String = {
    let hex = Array(Digest(of: Data("\(sheet)".utf8)).hex.utf8)
    let bytes = stride(from: 0, to: hex.count, by: 2).compactMap { index in
      UInt8(String(decoding: hex[index..<index + 2], as: UTF8.self), radix: 16)
    }
    return "'sha256-\(Data(bytes).base64EncodedString())'"
  }()

  static let sheet: StaticString = """
    :root{color-scheme:light dark;--ink:#1b2430;--soft:#4f5b69;--page:#f4f5f7;--card:#fff;--line:#d5dae1;--accent:#14508c;
    --good:#13653a;--goodback:#e4f3ea;--bad:#a3211b;--badback:#fbe9e7;--warn:#7a4a00;--warnback:#fdf1d8;--code:#eef1f5}
    @media (prefers-color-scheme:dark){:root{--ink:#e6eaf0;--soft:#a9b4c1;--page:#12161c;--card:#1a2029;--line:#364150;--accent:#8fc1f5;
    --good:#86d9a8;--goodback:#173325;--bad:#ffa79f;--badback:#401c1a;--warn:#f2c879;--warnback:#3b2c10;--code:#242d39}}
    *{box-sizing:border-box}
    html{-webkit-text-size-adjust:100%}
    body{margin:0;background:var(--page);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","DejaVu Sans",sans-serif;
    font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
    header,main,footer{max-width:58rem;margin:0 auto;padding:0 1.25rem}
    header{padding-top:2.5rem}
    footer{padding-top:.5rem;padding-bottom:3rem;color:var(--soft);font-size:.875rem}
    .over{margin:0;color:var(--soft);font-size:.875rem;letter-spacing:.04em}
    h1{margin:.15rem 0 .75rem;font-size:clamp(1.6rem,1.2rem + 1.8vw,2.25rem);line-height:1.2;letter-spacing:-.01em;text-wrap:balance}
    h2{margin:0 0 .75rem;font-size:1.25rem;line-height:1.3}
    h3{margin:0 0 .25rem;font-size:1rem;line-height:1.4}
    p{margin:0 0 .75rem;max-width:44rem}
    .lead{font-size:1.0625rem}
    section{background:var(--card);border:1px solid var(--line);border-radius:.625rem;padding:1.25rem 1.5rem;margin:1.25rem 0}
    section>:last-child,.options li>:last-child{margin-bottom:0}
    .decision{border:2px solid var(--accent);border-top-width:.5rem}
    .facts{display:grid;grid-template-columns:minmax(7rem,max-content) 1fr;gap:.4rem 1.25rem;margin:0 0 1rem}
    .facts dt{color:var(--soft)}
    .facts dd{margin:0}
    .facts dd ul{margin:0;padding-left:1.1rem}
    .options{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,15rem),1fr));gap:.875rem;list-style:none;margin:1rem 0;padding:0}
    .options li{border:1px solid var(--line);border-radius:.5rem;padding:.875rem 1rem}
    .options p{font-size:.9375rem}
    .label{display:block;color:var(--soft);font-size:.8125rem;margin-bottom:.15rem}
    code{font:.875em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;background:var(--code);border-radius:.25rem;padding:.1rem .35rem}
    .options code,.block{display:block;padding:.4rem .6rem}
    .mark{display:inline-block;font-weight:600;border-radius:.3rem;padding:.05rem .5rem;white-space:nowrap;background:var(--code);color:var(--ink)}
    .good{background:var(--goodback);color:var(--good)}
    .bad{background:var(--badback);color:var(--bad)}
    .warn{background:var(--warnback);color:var(--warn)}
    .note{border-left:.3rem solid var(--warn);background:var(--warnback);padding:.6rem .9rem;border-radius:0 .3rem .3rem 0;max-width:none}
    table{width:100%;border-collapse:collapse;margin:0 0 1rem}
    caption{text-align:left;color:var(--soft);font-size:.9375rem;padding-bottom:.4rem}
    th,td{text-align:left;vertical-align:top;padding:.5rem .75rem .5rem 0;border-top:1px solid var(--line);font-weight:400;min-width:5rem}
    thead th{border-top:0;color:var(--soft);font-size:.8125rem;padding-bottom:.25rem}
    tbody th{font-weight:600;min-width:8rem}
    ul,ol{margin:0 0 .75rem;padding-left:1.4rem}
    li{margin:.2rem 0}
    .plain{list-style:none;padding:0}
    .small{color:var(--soft);font-size:.875rem}
    td ul,td p{margin:.3rem 0 0}
    del,ins{text-decoration:none}
    @media (max-width:40rem){
    header,main,footer{padding-left:.875rem;padding-right:.875rem}
    header{padding-top:1.5rem}
    section{padding:1rem}
    .facts{grid-template-columns:1fr;gap:0}
    .facts dd{margin:0 0 .6rem}
    table,tbody,tr,th,td,caption{display:block}
    thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
    tr{border-top:1px solid var(--line);padding:.6rem 0}
    th,td{border:0;padding:.1rem 0;min-width:0}
    td:empty{display:none}
    td[data-label]::before{content:attr(data-label);display:block;color:var(--soft);font-size:.8125rem}
    }
    @media print{
    :root{color-scheme:light;--ink:#000;--soft:#444;--page:#fff;--card:#fff;--line:#999;--accent:#000;--good:#000;--goodback:#fff;--bad:#000;--badback:#fff;
    --warn:#000;--warnback:#fff;--code:#fff}
    @page{margin:18mm 16mm}
    html{font-size:9.5pt}
    body{line-height:1.4}
    header{padding-top:0}
    p,.note{max-width:none}
    .options{grid-template-columns:repeat(3,1fr)}
    header,main,footer{max-width:none;padding:0}
    section{border:0;border-top:1px solid var(--line);border-radius:0;padding:.8rem 0 0;margin:.8rem 0}
    .decision{border:1.5pt solid #000;padding:.8rem 1rem}
    h2,h3,caption{break-after:avoid}
    tr,li,.note,.facts{break-inside:avoid}
    .decision{box-decoration-break:clone;-webkit-box-decoration-break:clone}
    thead{display:table-header-group;break-after:avoid}
    tbody tr:first-child{break-before:avoid}
    .mark{border:1px solid #000}
    code{border:1px solid #bbb}
    a[href]::after{content:" (" attr(href) ")"}
    }
    """
}
