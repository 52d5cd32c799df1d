//! `weft`: the data plane and the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    weft::main(std::env::args_os())
}
