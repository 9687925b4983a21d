/** Types of vscodeServer.mjs, for the tests. */
export interface Server {
  /** Where the browser goes, without a slash at the end. */
  readonly url: string;
  readonly pid: number;
  readonly userData: string;
  /** The settings of the machine, above the user's: VS Code notices when this file changes. */
  readonly settingsFile: string;
  /** At once with 0; else it asks first, and waits as many milliseconds. */
  readonly end: (patience?: number) => Promise<void>;
}
export interface Home {
  readonly home: string;
  readonly extensions?: string;
}
export interface ServerOptions extends Home {
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly trust?: boolean;
  readonly options?: readonly string[];
}
export interface Descendant {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}
export function installExtension(vsix: string, home: Home): Promise<void>;
export function startServer(options: ServerOptions): Promise<Server>;
export function descendants(pid: number): Promise<Descendant[]>;
export function readLogs(userData: string, name: string): string;
