// SPDX-License-Identifier: MIT OR Apache-2.0

//! What is decided about a call, and why. These words are what the audit
//! line, `umh log` and `umh policy explain` print.

/// What happens to the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Decision {
    /// It is answered.
    Allow = 0,
    /// It is refused: nothing runs, the caller gets its "denied" status.
    Deny = 1,
    /// A rule would refuse it, but audit mode lets it through.
    Audit = 2,
}

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Reason {
    /// A rule allows it.
    Rule = 0,
    /// No rule lists the program.
    Path = 1,
    /// The program belongs to another caller, or no caller makes such a call.
    Caller = 2,
    /// The arguments do not fit the rule.
    Args = 3,
    /// The module filter refuses the name or what it resolves to.
    Module = 4,
    /// The rule is switched off.
    Disabled = 5,
    /// The program or a directory above it can be changed by others.
    Trust = 6,
    /// The program is a script and the rule does not say `script = true`.
    Script = 7,
    /// The program does not exist.
    Missing = 8,
    /// argv\[0\] is empty, relative, or not in plain form.
    Name = 9,
}

/// Proof that a call was let through. What must never happen on a denied
/// call asks for one; only [`Decision::permit`] gives it.
#[derive(Clone, Copy, Debug)]
pub struct Permit(());

impl Decision {
    /// Every decision.
    pub const ALL: &'static [Self] = &[Self::Allow, Self::Deny, Self::Audit];

    /// The proof that the call is let through, if it is.
    pub const fn permit(self) -> Option<Permit> {
        match self {
            Self::Allow | Self::Audit => Some(Permit(())),
            Self::Deny => None,
        }
    }

    /// The word in logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Audit => "audit",
        }
    }
}

impl Reason {
    /// Every reason.
    pub const ALL: &'static [Self] = &[
        Self::Rule,
        Self::Path,
        Self::Caller,
        Self::Args,
        Self::Module,
        Self::Disabled,
        Self::Trust,
        Self::Script,
        Self::Missing,
        Self::Name,
    ];

    /// The word in logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Path => "path",
            Self::Caller => "caller",
            Self::Args => "args",
            Self::Module => "module",
            Self::Disabled => "disabled",
            Self::Trust => "trust",
            Self::Script => "script",
            Self::Missing => "missing",
            Self::Name => "name",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Decision;

    #[test]
    fn a_denied_call_gets_no_permit() {
        for decision in Decision::ALL {
            assert_eq!(decision.permit().is_none(), *decision == Decision::Deny);
        }
    }
}
