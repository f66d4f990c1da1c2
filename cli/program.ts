/** The commands and their options. */
import { Command, CommanderError, Option } from 'commander';
import { type Account, invokingClient } from './clients.ts';
import { DOCTOR_EXIT_HELP, diagnose } from './doctor/doctor.ts';
import { CliError, EXIT, EXIT_HELP, type ExitCode } from './exit-code.ts';
import type { Selectors } from './request.ts';
import { check, type RunContext, thaw } from './run-command.ts';
import type { Terminal } from './terminal.ts';

type Common = Account & { stack: string; json?: boolean };

/** @returns the exit code; never throws for what a user can cause */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.done;
  const program = makeProgram(terminal, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (!(error instanceof CliError)) throw error;
    terminal.note(error.message);
    return error.exitCode;
  }
}

function makeProgram(terminal: Terminal, end: (code: ExitCode) => void): Command {
  const program = new Command('podthaw')
    .description('Looks for pods that hang in Terminating because they are frozen, and thaws them.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.note(text.trimEnd()),
    })
    .addHelpText('after', `\n${EXIT_HELP}`);
  selecting(program.command('check'))
    .description('look, and change nothing')
    .action(async (options: Common & Selectors) =>
      end(await check(options, run(options, terminal))),
    );
  selecting(program.command('thaw'))
    .description('look, name what would be thawed, ask, and thaw it')
    .option('-y, --yes', 'do not ask')
    .action(async (options: Common & Selectors & { yes?: boolean }) =>
      end(await thaw(options, run(options, terminal), options.yes ?? false)),
    );
  common(program.command('doctor'))
    .description('check what a first deployment gets wrong, each with its remedy')
    .addHelpText('after', `\n${DOCTOR_EXIT_HELP}`)
    .action(async (options: Common) => end(await diagnose(options, terminal)));
  return program;
}

function selecting(command: Command): Command {
  return common(command)
    .option('-c, --cluster <name>', 'the EKS cluster, where there is more than one')
    .option('-p, --pod <namespace/name...>', 'pods, by name')
    .option('-u, --uid <uid...>', 'pods, by UID')
    .option('-n, --node <name...>', 'stuck pods on these nodes')
    .option('-i, --instance <id...>', 'stuck pods on these EC2 instances')
    .option('--without-api', 'ask the named instances alone; holds cannot be seen then')
    .option('--notify', 'tell the topic too')
    .addHelpText('after', SELECTING_HELP.replaceAll('ACTION', command.name()));
}

const SELECTING_HELP = `
With no pod, node or instance: every stuck pod of the cluster. Selectors add up.

  podthaw ACTION --cluster prod
  podthaw ACTION --cluster prod --pod shop/cart-0 shop/cart-1

${EXIT_HELP}`;

function common(command: Command): Command {
  return command
    .option('--json', 'print JSON')
    .addOption(new Option('--stack <name>', "the stack's name").default('podthaw'))
    .option('--profile <name>', 'AWS profile')
    .option('--region <name>', 'AWS region');
}

function run(options: Common, terminal: Terminal): RunContext {
  return {
    client: invokingClient(options),
    functionName: `${options.stack}-remediate:live`,
    terminal,
    json: options.json ?? false,
  };
}
