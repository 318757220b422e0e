// SPDX-License-Identifier: MIT OR Apache-2.0

//! A packet radio modem's FPGA is to be configured: `eppfpga -s -p PORT -m MODE`.
//!
//! `drivers/net/hamradio/baycom_epp.c:eppconfig` of 6.12; gone in 7.2. The
//! words are enough to know it by; nothing is asked of the environment.

use crate::contract::{Contract, Kernels, Program, Wait};
use crate::emit::{Decimal, Sink, decimal};
use crate::environment;
use crate::fingerprint::Fingerprint;
use crate::words::Invocation;

/// A modem to be configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BaycomEpp<'a> {
    /// The program that the kernel meant to run, a constant.
    pub program: &'a [u8],
    /// The parallel port, by its I/O address.
    pub port: i64,
    /// How the modem is to work.
    pub mode: Mode,
}

/// How a modem works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode {
    /// The clock is the modem's own: `intclk`, else `extclk`.
    pub internal_clock: bool,
    /// Another modem is attached: `extmodem`, else `intmodem`.
    pub external_modem: bool,
    /// The clock in Hz, within [`CLOCKS`].
    pub clock: u32,
    /// Bits a second, within [`RATES`].
    pub rate: u32,
    /// What is sent is received.
    pub loopback: bool,
}

/// The clocks that `baycom_setmode` lets through.
pub const CLOCKS: core::ops::RangeInclusive<u32> = 1_000_000..=25_000_000;

/// The bit rates that `baycom_setmode` lets through.
pub const RATES: core::ops::RangeInclusive<u32> = 1_000..=1_500_000;

impl<'a> BaycomEpp<'a> {
    /// What is fixed about the call.
    pub const CONTRACT: Contract = Contract {
        name: "baycom-epp",
        source: "drivers/net/hamradio/baycom_epp.c:eppconfig",
        kernels: Kernels::Only612,
        program: Program::Fixed("/usr/sbin/eppfpga"),
        wait: Wait::Proc,
    };

    /// Recognises the call by its shape; `None` if it is another.
    pub(crate) fn parse(invocation: &Invocation<'a>) -> Option<Self> {
        let [program, b"-s", b"-p", port, b"-m", mode] = invocation.argv.exactly()? else {
            return None;
        };
        let (port, mode) = (decimal(port)?, Mode::parse(mode)?);
        let marked = invocation.fingerprint.has_no_fds() && invocation.fingerprint.waited_for();
        marked.then_some(Self {
            program,
            port,
            mode,
        })
    }

    /// Writes the call as the kernel does.
    pub(crate) fn emit(&self, sink: &mut dyn Sink) {
        for word in [self.program, b"-s", b"-p"] {
            sink.arg(&[word]);
        }
        sink.arg(&[Decimal::new(self.port).as_bytes()]);
        sink.arg(&[b"-m"]);
        self.mode.emit(sink);
        environment::write(&environment::BAYCOM_EPP, sink);
    }

    /// The marks of the kernel on the helper.
    pub(crate) const fn fingerprint(&self) -> Fingerprint {
        Fingerprint::PROC
    }
}

impl Mode {
    /// The clock's divider, half a bit rounded up.
    pub const fn divider(&self) -> u32 {
        let rate = if self.rate == 0 { 1 } else { self.rate };
        self.clock.saturating_add(rate.saturating_mul(8)) / rate.saturating_mul(16)
    }

    fn parse(word: &[u8]) -> Option<Self> {
        let mut settings = word.split(|byte| *byte == b',');
        let internal_clock = either(settings.next()?, b"intclk", b"extclk")?;
        let external_modem = either(settings.next()?, b"extmodem", b"intmodem")?;
        let clock = number(settings.next()?, b"fclk=").filter(|clock| CLOCKS.contains(clock))?;
        let rate = number(settings.next()?, b"bps=").filter(|rate| RATES.contains(rate))?;
        let divider = number(settings.next()?, b"divider=")?;
        let last = settings.next()?;
        let loopback = last == b"loopback";
        let end = if loopback { settings.next()? } else { last };
        let mode = Self {
            internal_clock,
            external_modem,
            clock,
            rate,
            loopback,
        };
        let complete = end == b"extstat" && settings.next().is_none();
        (complete && divider == mode.divider()).then_some(mode)
    }

    fn emit(&self, sink: &mut dyn Sink) {
        let [clock, rate, divider] =
            [self.clock, self.rate, self.divider()].map(|number| Decimal::new(number.into()));
        sink.arg(&[
            if self.internal_clock {
                b"intclk"
            } else {
                b"extclk"
            },
            if self.external_modem {
                b",extmodem"
            } else {
                b",intmodem"
            },
            b",fclk=",
            clock.as_bytes(),
            b",bps=",
            rate.as_bytes(),
            b",divider=",
            divider.as_bytes(),
            if self.loopback { b",loopback" } else { b"" },
            b",extstat",
        ]);
    }
}

fn either(word: &[u8], yes: &[u8], no: &[u8]) -> Option<bool> {
    (word == yes || word == no).then_some(word == yes)
}

fn number(word: &[u8], key: &[u8]) -> Option<u32> {
    decimal(word.strip_prefix(key)?)?.try_into().ok()
}
