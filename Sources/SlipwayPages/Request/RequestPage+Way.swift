internal import SlipwayModel

/// When, how, how back, and by whose word.
extension RequestPage {
  var timing: Markup {
    let timing = request.timing
    return section("timing", "Timing") {
      Markup.element("dl", [.init("class", "facts")]) {
        fact("Asked by") {
          "\(request.requester), "
          time(request.requestedAt)
        }
        if let asked = timing.askedAt { fact("Put to people") { time(asked) } }
        fact("Decide until") {
          if let expires = timing.expiresAt { time(expires) } else { "\(timing.expires.spoken) after the gates passed" }
        }
        fact("The rollout takes") { "\(timing.takes.spoken) at least" }
        fact("Windows") {
          if timing.windows.isEmpty { "none is asked for" }
          for window in timing.windows {
            Markup.element("p") {
              mark(window.isOpen ? "open" : "closed", window.isOpen ? .good : .warn)
              " \(window.sentence)"
            }
          }
        }
        fact("Freezes") {
          if timing.freezes.isEmpty { "none in the time to decide" }
          for freeze in timing.freezes {
            Markup.element("p") {
              "'\(freeze.name)' from "
              time(freeze.from)
              " until "
              time(freeze.until)
              ": \(freeze.reason)"
            }
          }
        }
      }
    }
  }

  var rollout: Markup {
    let rollout = request.rollout
    return section("rollout", "How traffic moves") {
      list(
        rollout.steps.map { "\($0.percent) % to \(request.release), watched for \($0.watchedFor.spoken)" },
        isOrdered: true)
      if !rollout.confirmations.isEmpty {
        Markup.element("h3") { "Done by hand and confirmed" }
        list(rollout.confirmations)
      }
      Markup.element("h3") { "What is watched" }
      if rollout.rules.isEmpty {
        Markup.element("p") { "No rule is set." }
      } else {
        list(rollout.rules)
        small("A judgement needs \(rollout.minimumRequests) requests; with fewer it is undecided, never good.")
      }
      Markup.element("h3") { "What is asked of it" }
      list([
        "before traffic: " + (["health"] + rollout.checksBeforeTraffic).joined(separator: ", "),
        "after the rollout: " + (["health"] + rollout.checksAfterRollout).joined(separator: ", "),
      ])
    }
  }

  var rollback: Markup {
    let rollback = request.rollback
    return section("rollback", "The way back") {
      if rollback.losesData {
        note("Data loss: \(rollback.dataLoss).")
      } else {
        Markup.element("p") {
          Markup.element("strong") { "Data loss: " }
          rollback.dataLoss + "."
        }
      }
      Markup.element("p") {
        rollback.automatic
          ? "A rule that is broken takes traffic back without asking anybody."
          : "Nothing goes back by itself: a person has to say so."
      }
      Markup.element("h3") { "Before traffic moves" }
      list(rollback.beforeTraffic.map(\.text), isOrdered: true)
      Markup.element("h3") { "Once traffic has moved" }
      list(rollback.afterTraffic.map(\.text), isOrdered: true)
      if let span = rollback.keepsEarlierFor {
        small("After success what serves now stays startable for \(span.spoken); so long going back is a mere switch.")
      }
    }
  }

  var agreement: Markup {
    section("agreement", "Who has to agree") {
      rules.markup
      if !request.agreement.given.isEmpty { given.markup }
      Markup.element("p") {
        request.agreement.ownRequest
          ? "Whoever asked may agree too." : "\(request.requester) asked and may not agree. One person counts once."
      }
    }
  }

  private var rules: Table {
    let missing = request.agreement.missing
    var table = Table(
      missing.isEmpty ? "Everybody has agreed" : "Missing: " + missing.joined(separator: ", "),
      columns: ["Role", "Needed", "Who can still say yes"])
    for rule in request.agreement.rules {
      let people = rule.people.map(\.text).joined(separator: ", ")
      table.add([
        .text(rule.role.text), .text("\(rule.count)"), .text(people.isEmpty ? "nobody that the file names" : people),
      ])
    }
    return table
  }

  private var given: Table {
    var table = Table("Who has agreed", columns: ["Person", "Roles", "When", "Remark"])
    for given in request.agreement.given {
      table.add([
        .text(given.person.text), .text(given.roles.map(\.text).joined(separator: ", ")), time(given.at),
        .text(given.comment ?? ""),
      ])
    }
    return table
  }

  @MarkupBuilder var rejections: Markup {
    if !request.rejections.isEmpty {
      section("rejections", "Turned down before") {
        rejected.markup
      }
    }
  }

  private var rejected: Table {
    var table = Table("Earlier attempts with \(request.release)", columns: ["Run", "When", "By", "Reason"])
    for rejection in request.rejections {
      table.add([code(rejection.run.text), time(rejection.at), .text(rejection.by), .text(rejection.reason)])
    }
    return table
  }

  var timeline: Markup {
    var table = Table("What led here, oldest first", columns: ["When", "What", "Who"])
    for moment in request.timeline { table.add([time(moment.date), .text(moment.event), .text(moment.agent)]) }
    return section("timeline", "Timeline") { table.markup }
  }
}
