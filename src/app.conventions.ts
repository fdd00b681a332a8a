import { UseGuards, UseInterceptors, type Type } from '@nestjs/common';
import { MODULE_METADATA, PATH_METADATA } from '@nestjs/common/internal';
import { KeepsConventions } from './conventions/keeps-conventions.js';
import { ACCESS } from './http/access.js';
import { NoStrayInput } from './http/no-stray-input.js';

const controllersOf = (module: Type): Type[] => [
  ...((Reflect.getMetadata(MODULE_METADATA.CONTROLLERS, module) as Type[] | undefined) ?? []),
  ...((Reflect.getMetadata(MODULE_METADATA.IMPORTS, module) as unknown[] | undefined) ?? [])
    .filter((imported) => typeof imported === 'function')
    .flatMap((imported) => controllersOf(imported as Type)),
];

/** The names of the methods that answer a route. */
const handlersOf = ({ prototype }: Type): string[] =>
  Object.getOwnPropertyNames(prototype).filter((name) => {
    const { value } = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor;
    // The constructor is the controller itself, which has a path too.
    return name !== 'constructor' && typeof value === 'function' && Reflect.hasMetadata(PATH_METADATA, value);
  });

const bound = new WeakSet<Type>();

function bind(controller: Type): void {
  if (bound.has(controller)) return;
  bound.add(controller);
  const isGuarded = Reflect.hasMetadata(ACCESS, controller);
  if (isGuarded) UseInterceptors(KeepsConventions)(controller);
  for (const name of handlersOf(controller)) {
    const descriptor = Object.getOwnPropertyDescriptor(controller.prototype, name) as PropertyDescriptor;
    // The last of them: who may not call at all is not told what the call takes.
    UseGuards(NoStrayInput)(controller.prototype as object, name, descriptor);
    if (!isGuarded && Reflect.hasMetadata(ACCESS, descriptor.value as object)) {
      UseInterceptors(KeepsConventions)(controller.prototype as object, name, descriptor);
    }
  }
}

/**
 * Gives every route of the modules what its kind has in common, so that no controller can forget it: none takes input that
 * it does not read, and those that want a permission keep the conventions of the admin plane. Global interceptors would do
 * it too, at a fifth of the time of a phone-home: Nest runs what they wrap through rxjs, whether they do anything or not.
 */
export function bindConventions(modules: readonly Type[]): void {
  for (const controller of modules.flatMap(controllersOf)) bind(controller);
}
