// The library asks for this polyfill before its own first line runs. Loaded by `flotilla cert` alone: servers only read certificates.
import 'reflect-metadata';

export * as x509 from '@peculiar/x509';
