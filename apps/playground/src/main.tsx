import { render } from 'preact';
import { PageCluster } from './cluster/page-cluster.js';
import { App } from './view/app.js';

const root = document.querySelector('#app');
if (root === null) throw new Error('the page has no place for the app');

let drawn = false;
const cluster = new PageCluster(() => {
  // All changes of a frame are drawn once.
  if (drawn) return;
  drawn = true;
  requestAnimationFrame(() => {
    drawn = false;
    render(<App cluster={cluster} />, root);
  });
});
render(<App cluster={cluster} />, root);
cluster.start();
