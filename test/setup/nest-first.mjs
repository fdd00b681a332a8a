// jest runs a CommonJS package while it is still walking the graph of ES modules that imports it, so one that requires
// an ES module of that graph fails as a cycle, which it is not. Loaded beforehand, in a graph of its own, it is found.
import '@nestjs/common';
import '@nestjs/core';
