//! `weft completion`: what a shell needs to complete commands, options and their values.

use clap_complete::aot::{Bash, Fish, Zsh, generate};

use super::{Exit, Failure, print};

const EXAMPLES: &str = "\
Examples:
  # bash, with the package bash-completion: for every new shell
  mkdir -p ~/.local/share/bash-completion/completions
  weft completion bash > ~/.local/share/bash-completion/completions/weft

  # zsh: into a folder of $fpath, before compinit runs in ~/.zshrc
  mkdir -p ~/.zfunc && weft completion zsh > ~/.zfunc/_weft
  # in ~/.zshrc: fpath=(~/.zfunc $fpath); autoload -Uz compinit && compinit

  # fish
  mkdir -p ~/.config/fish/completions
  weft completion fish > ~/.config/fish/completions/weft.fish

  # Only in this shell (bash)
  source <(weft completion bash)";

/// Arguments of `weft completion`.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The shell that is to complete
    shell: Shell,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// Prints the shell's script for `command`.
pub(crate) fn run(args: &Args, command: &mut clap::Command) -> Result<Exit, Failure> {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    match args.shell {
        Shell::Bash => generate(Bash, command, name, &mut script),
        Shell::Zsh => generate(Zsh, command, name, &mut script),
        Shell::Fish => generate(Fish, command, name, &mut script),
    }
    print(&String::from_utf8_lossy(&script)).map(|()| Exit::Done)
}
