import { render } from 'preact';
import { keptIdentity } from './identity.js';
import { Member, type MemberSettings } from './member.js';
import { MemberPage } from './member-page.js';

declare global {
  interface Window {
    /** For the console: the node of this page, and its clients. */
    flotilla: Member | undefined;
  }
}

const root = document.querySelector('#app');
if (root === null) throw new Error('the page has no place for the app');

/** `?servers=ws://127.0.0.1:7101,ws://127.0.0.1:7102&groups=1,2&name=laptop`, and `hashes=` for `wt:` */
async function settings(query: URLSearchParams): Promise<MemberSettings> {
  const list = (name: string, absent: string): string[] => (query.get(name) ?? absent).split(',').filter(Boolean);
  const name = query.get('name') ?? 'page';
  return {
    name,
    identity: await keptIdentity(name),
    hashes: list('hashes', ''),
    servers: list('servers', 'ws://127.0.0.1:7101,ws://127.0.0.1:7102,ws://127.0.0.1:7103'),
    groups: list('groups', '1').map(Number),
  };
}

const member = new Member(await settings(new URLSearchParams(location.search)), () => {
  render(<MemberPage member={member} />, root);
});
window.flotilla = member;
render(<MemberPage member={member} />, root);
