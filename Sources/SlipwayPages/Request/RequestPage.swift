package import SlipwayModel

/// A request for approval as one page that needs nothing else: no script, no font, no picture, no network. What must be decided stands first.
package struct RequestPage: Sendable {
  let request: ApprovalRequest

  package init(_ request: ApprovalRequest) { self.request = request }

  /// The whole document.
  package var html: String {
    Markup.document(language: "en") {
      Markup.element("head") {
        Markup.void("meta", [.init("charset", "utf-8")])
        Markup.void(
          "meta",
          [
            .init("http-equiv", "Content-Security-Policy"),
            .init(
              "content", "default-src 'none'; style-src \(RequestStyle.policy); base-uri 'none'; form-action 'none'"),
          ])
        Markup.void("meta", [.init("name", "viewport"), .init("content", "width=device-width, initial-scale=1")])
        Markup.void("meta", [.init("name", "robots"), .init("content", "noindex")])
        Markup.void("meta", [.init("name", "referrer"), .init("content", "no-referrer")])
        Markup.element("title") { "\(request.title): request for approval" }
        Markup.style(RequestStyle.sheet)
      }
      Markup.element("body") {
        head
        Markup.element("main") {
          decision
          change
          proof
          findings
          stability
          timing
          rollout
          rollback
          agreement
          rejections
          timeline
        }
        foot
      }
    }.description
  }

  private var head: Markup {
    .element("header") {
      Markup.element("p", [.init("class", "over")]) { "\(request.project) · request for approval" }
      Markup.element("h1") { request.title }
      Markup.element("p", [.init("class", "lead")]) { request.summary }
    }
  }

  private var foot: Markup {
    .element("footer") {
      Markup.element("p") {
        "Run "
        code(request.run.text)
        ", as of "
        time(request.madeAt)
        ", made from \(request.revision) entries of its journal."
      }
      Markup.element("p") {
        "An answer counts for exactly this plan, "
        code(request.planDigest.description)
        ", and for no other: whatever changes makes a new plan and a new request. This page shows the state of that moment; "
        code("slipway status \(request.run)")
        " shows the present one."
      }
    }
  }

  // MARK: The decision

  private var decision: Markup {
    section("decision", "Your decision", [.init("class", "decision")]) {
      Markup.element("dl", [.init("class", "facts")]) {
        fact("Status") { status }
        fact("Why you are asked") { sentence(request.blocker.description) }
        fact("The rule behind it") { sentence(request.blocker.rootCause) }
        fact("Until then") { sentence(request.blocker.impact) }
        fact("Decide until") { until }
        fact("Severity") { severity(request.blocker.severity) }
        fact("Look twice at") {
          if request.concerns.isEmpty { "nothing in particular" } else { list(request.concerns) }
        }
      }
      if request.rollback.losesData {
        note("Data can be lost by going back: \(request.rollback.dataLoss).")
      }
      Markup.element("ul", [.init("class", "options")]) {
        for option in request.options {
          Markup.element("li") {
            Markup.element("h3") { option.label }
            Markup.element("p") { sentence(option.description) }
            Markup.element("p") {
              label("Answer in the chat")
              code(option.slackReply)
            }
            Markup.element("p") {
              label("or on the command line")
              code(option.command)
            }
          }
        }
      }
    }
  }

  private var status: Markup {
    switch request.status {
    case "awaiting_approval": mark("waiting for approval", .warn)
    case "requested", "gating": mark("gates are being judged", .warn)
    case "held", "paused": mark(request.status, .warn)
    case "success": mark("promoted", .good)
    default: mark(request.status.replacing("_", with: " "), .plain)
    }
  }

  @MarkupBuilder private var until: Markup {
    if let expires = request.timing.expiresAt {
      time(expires)
      " (\((expires - request.madeAt).spoken) after this page was made); silence is a no"
    } else {
      "\(request.timing.expires.spoken) after every gate has passed; silence is a no"
    }
  }
}
