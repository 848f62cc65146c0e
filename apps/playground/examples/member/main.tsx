import { render } from 'preact';
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

/** `?servers=ws://127.0.0.1:7101,ws://127.0.0.1:7102&groups=1,2&name=laptop` */
function settings(query: URLSearchParams): MemberSettings {
  const list = (name: string, absent: string): string[] => (query.get(name) ?? absent).split(',').filter(Boolean);
  return {
    name: query.get('name') ?? 'page',
    servers: list('servers', 'ws://127.0.0.1:7101,ws://127.0.0.1:7102,ws://127.0.0.1:7103'),
    groups: list('groups', '1').map(Number),
  };
}

const member = new Member(settings(new URLSearchParams(location.search)), () => {
  render(<MemberPage member={member} />, root);
});
window.flotilla = member;
render(<MemberPage member={member} />, root);
