internal import ArgumentParser
internal import Foundation
internal import SlipwayConnectors
internal import SlipwayEngine
internal import SlipwayJournal
internal import SlipwayModel

/// Turns whatever ended a command into a message and an exit code, in one place.
enum Failure {
  static func exit(_ error: any Error) -> Never {
    if let exit = error as? ExitCode { Foundation.exit(exit.rawValue) }
    if let (status, message) = known(error) {
      StandardStream.error.write(Data("slipway: \(message)\n".utf8))
      Foundation.exit(status.rawValue)
    }
    let code = Slipway.exitCode(for: error)
    let text = Slipway.fullMessage(for: error)
    if code == .success {
      print(text)
    } else if !text.isEmpty {
      StandardStream.error.write(Data((text + "\n").utf8))
    }
    // ArgumentParser's own code for wrong usage is 64, as the interface wants it.
    Foundation.exit(code.rawValue)
  }

  private static func known(_ error: any Error) -> (ExitStatus, String)? {
    switch error {
    case let error as CommandError: (error.status, error.message)
    case let error as EngineError: (ExitStatus(error.code), error.message)
    case let error as PlanError: (status(error.code), error.message)
    case let error as JournalError: (status(error.code), error.description)
    case let error as ConnectorError: (status(error.code), error.message)
    default: nil
    }
  }

  private static func status(_ code: ConnectorError.Code) -> ExitStatus {
    switch code {
    case .unreachable, .timedOut: .unreachable
    case .refused, .garbage: .failed
    case .misconfigured: .configuration
    }
  }

  private static func status(_ code: PlanError.Code) -> ExitStatus {
    switch code {
    case .unknownRelease, .unknownEnvironment, .noWay, .nothingLive, .noTarget: .usage
    case .quarantined, .rejected, .exception, .alreadyLive, .guardrail: .blocked
    case .terms: .badInput
    }
  }

  private static func status(_ code: JournalError.Code) -> ExitStatus {
    switch code {
    case .missing: .usage
    case .newer, .notDurable: .configuration
    case .held, .busy, .unreachable: .unreachable
    case .conflict, .duplicate, .invalid, .broken, .closed, .corrupt, .tampered, .cancelled: .failed
    }
  }
}
