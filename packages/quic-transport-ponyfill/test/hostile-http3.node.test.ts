import { hostileHttp3Tests } from './hostile-http3.js';

hostileHttp3Tests();
